package pgstore

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between a store and its database, and cuts connections where a
// test wants it.
type proxy struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	conns []net.Conn
	// word is what a message to the server must hold for its connection to be
	// cut; empty: none is.
	word []byte
	how  cut
	// held sends the server what it did not get yet.
	held func()
}

// cut is how a connection is cut.
type cut int

const (
	// cutEarly: the server does not get the message.
	cutEarly cut = iota
	// cutLate: it does, and the client not its answer.
	cutLate
	// cutHeld: it gets it when the test calls held.
	cutHeld
)

// newProxy returns a proxy and the URL through which a database is reached by it.
func newProxy(t *testing.T, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: u.Host}
	t.Cleanup(func() {
		l.Close()
		p.cutAll()
	})
	go p.accept()
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		answers := make(chan struct{})
		go p.forward(client, server, answers)
		go p.answer(client, server, answers)
	}
}

// cutAt arms the proxy: the connection on which a message with the word is sent
// next is cut.
func (p *proxy) cutAt(word string, how cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.word, p.how = []byte(word), how
}

// cuts reports whether a message is the one, and disarms the proxy then.
func (p *proxy) cuts(message []byte) (how cut, yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.word) == 0 || !bytes.Contains(message, p.word) {
		return 0, false
	}
	p.word = nil
	return p.how, true
}

func (p *proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// forward carries messages to the server. It closes answers when the client is
// to hear no more.
func (p *proxy) forward(client, server net.Conn, answers chan struct{}) {
	buf := make([]byte, 1<<20)
	for {
		n, err := client.Read(buf)
		if err != nil {
			server.Close()
			return
		}
		how, yes := p.cuts(buf[:n])
		if yes {
			close(answers)
		}
		if yes && how != cutLate {
			client.Close()
			p.hold(server, buf[:n], how)
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// hold keeps a message for later, or drops it.
func (p *proxy) hold(server net.Conn, message []byte, how cut) {
	if how == cutEarly {
		server.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = func() { server.Write(message) }
}

// answer carries answers to the client.
func (p *proxy) answer(client, server net.Conn, answers chan struct{}) {
	defer client.Close()
	buf := make([]byte, 1<<20)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		select {
		case <-answers:
			// The server has answered, and nobody hears it.
			return
		default:
		}
		if _, err := io.Copy(client, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}
