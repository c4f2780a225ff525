package sigv4

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// captures reads all captured requests, by name.
func captures(t *testing.T) map[string][]byte {
	t.Helper()
	found := make(map[string][]byte)
	for _, pattern := range []string{"testdata/wire/*/*.http", "testdata/botocore/*.http"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found[strings.TrimPrefix(name, "testdata/")] = raw
		}
	}
	if len(found) != 34 {
		t.Fatalf("found %d captured requests, want 34", len(found))
	}
	return found
}

func TestCapturedRequestsVerify(t *testing.T) {
	server := verifyingServer(t)
	for name, raw := range captures(t) {
		t.Run(name, func(t *testing.T) {
			if err := judgeBytes(raw); err != nil {
				t.Errorf("http.ReadRequest: %v", err)
			}
			if got := server.send(t, raw); got != "ok" {
				t.Errorf("net/http server: %s", got)
			}
		})
	}
}

// TestCapturedRequestsAltered changes each single byte that a signature covers.
func TestCapturedRequestsAltered(t *testing.T) {
	server := verifyingServer(t)
	for name, raw := range captures(t) {
		t.Run(name, func(t *testing.T) {
			covered := coveredBytes(t, raw)
			for _, i := range covered {
				for _, other := range []byte{raw[i] ^ 1, raw[i] ^ 0x20, ' ', '\t'} {
					altered := bytes.Clone(raw)
					altered[i] = other
					if other != raw[i] && judgeBytes(altered) == nil {
						t.Fatalf("byte %d changed from %q to %q verifies", i, raw[i], other)
					}
				}
			}
			for _, i := range []int{covered[0], covered[len(covered)/2], covered[len(covered)-1]} {
				altered := bytes.Clone(raw)
				altered[i] ^= 1
				if got := server.send(t, altered); got == "ok" {
					t.Errorf("net/http server: byte %d changed verifies", i)
				}
			}
		})
	}
}

// coveredBytes lists where the body, the signature and the values of the signed
// headers stand.
func coveredBytes(t *testing.T, raw []byte) []int {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	var covered []int
	add := func(from, to int) {
		for i := from; i < to; i++ {
			covered = append(covered, i)
		}
	}
	head := bytes.Index(raw, []byte("\r\n\r\n")) + 4
	signature := bytes.Index(raw, []byte("Signature=")) + len("Signature=")
	add(signature, signature+64)
	names := strings.Split(s.SignedHeaders, ";")
	for at := 0; at < head; {
		line := raw[at : at+bytes.Index(raw[at:], []byte("\r\n"))]
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		if slices.Contains(names, strings.ToLower(string(name))) {
			from := at + bytes.Index(line, value)
			add(from, from+len(value))
		}
		at += len(line) + 2
	}
	add(head, len(raw))
	return covered
}

// rawServer is a real net/http server that is spoken to in bytes.
type rawServer struct{ address string }

func verifyingServer(t *testing.T) rawServer {
	t.Helper()
	keys := new(KeyCache)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = judge(keys, r, body)
		}
		fmt.Fprint(w, message(err))
	}))
	t.Cleanup(server.Close)
	return rawServer{server.Listener.Addr().String()}
}

func (s rawServer) send(t *testing.T, raw []byte) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	// What was altered may be the length: the server must not wait for more.
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
