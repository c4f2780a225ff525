package bench

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// scripted is a server that answers the first request with these pieces, with
// time for each to arrive alone, and hangs up.
func scripted(t *testing.T, pieces ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := c.Read(make([]byte, 1024)); err != nil {
			return
		}
		for _, piece := range pieces {
			fmt.Fprint(c, piece)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return l.Addr().String()
}

func TestExchange(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	tests := []struct {
		name   string
		pieces []string
		want   answer
		wrong  string
	}{
		{"at once", []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, answer{200, []byte("ok")}, ""},
		{"in pieces", []string{"HTTP/1.1 40", "0 Bad\r\nDate: x\r\nCONTENT-LENGTH:  2\r\n\r", "\no", "k"}, answer{400, []byte("ok")}, ""},
		{"more than the buffer holds", []string{"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", long}, answer{200, []byte(long)}, ""},
		{"nothing to say", []string{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, answer{200, nil}, ""},
		{"no length", []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, answer{}, "no Content-Length"},
		{"a mad length", []string{"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"}, answer{}, "length is 99999999"},
		{"another protocol", []string{"SSH-2.0-x\r\n\r\n"}, answer{}, "begins with"},
		{"no end of the headers", []string{"HTTP/1.1 200 OK\r\nX: " + long}, answer{}, "no end of its headers"},
		{"cut", []string{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"}, answer{}, "reading an answer"},
	}
	for _, test := range tests {
		c, err := dial(scripted(t, test.pieces...), time.Now().Add(answerMax))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		got, err := c.exchange([]byte("POST / HTTP/1.1\r\n\r\n"))
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%s: %v, want %q", test.name, err, test.wrong)
			}
			continue
		}
		if err != nil || got.status != test.want.status || string(got.body) != string(test.want.body) {
			t.Errorf("%s: %d %.20q %v, want %d %.20q", test.name, got.status, got.body, err, test.want.status, test.want.body)
		}
	}
}
