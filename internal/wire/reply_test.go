package wire

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
)

const requestID = "3c5e2f64-8b0e-4f0c-9b1f-0f6a3f3d1f11"

// TestReplyOnTheWire looks at the bytes, because header spelling and a guessed
// content type show nowhere else.
func TestReplyOnTheWire(t *testing.T) {
	throttled := &api.Error{Name: api.ThrottlingException, Message: "Rate exceeded", Status: 400}
	const throttledBody = `{"__type":"ThrottlingException","message":"Rate exceeded"}`
	long := strings.Repeat("x", 10_000)
	_, unknown := DialectOf(http.Header{}, false)
	tests := []struct {
		name  string
		reply *Reply
		start string
		lines []string
		body  string
	}{
		{"success", &Reply{200, AWSJSON.ContentType(), []byte(`{}`)}, "200 OK", []string{"Content-Type: application/x-amz-json-1.1"}, `{}`},
		{"long", &Reply{200, PlainJSON.ContentType(), []byte(long)}, "200 OK", []string{"Content-Type: application/json"}, long},
		{"error", ErrorReply(throttled, AWSJSON), "400 Bad Request", []string{"Content-Type: application/x-amz-json-1.1"}, throttledBody},
		{"plain error", ErrorReply(throttled, PlainJSON), "400 Bad Request", []string{"Content-Type: application/json"}, throttledBody},
		{"conflict", ErrorReply(&api.Error{Name: api.IdempotencyConflictException, Status: 409}, AWSJSON), "409 Conflict", nil, `{"__type":"IdempotencyConflictException"}`},
		{"missing token", MissingAuthenticationToken(), "403 Forbidden", []string{"Content-Length: 127"}, "<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n</MissingAuthenticationTokenException>\n"},
		{"unknown protocol", unknown, "404 Not Found", []string{"Content-Length: 29"}, "<UnknownOperationException/>\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := overTheWire(t, test.reply)
			head, body, _ := strings.Cut(answer, "\r\n\r\n")
			if body != test.body {
				t.Errorf("body is %q, want %q", body, test.body)
			}
			wanted := append(test.lines, "HTTP/1.1 "+test.start, "x-amzn-RequestId: "+requestID, "Content-Length: "+strconv.Itoa(len(test.body)), "Access-Control-Allow-Origin: *")
			for _, line := range wanted {
				if !strings.Contains("\r\n"+head+"\r\n", "\r\n"+line+"\r\n") {
					t.Errorf("no %q in\n%s", line, head)
				}
			}
			if typed := strings.Contains(head, "Content-Type"); typed != (test.reply.ContentType != "") {
				t.Errorf("content type in\n%s", head)
			}
		})
	}
}

// overTheWire sends a reply through a real server and returns what arrives.
func overTheWire(t *testing.T, reply *Reply) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if err := reply.Send(w, requestID); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	var answer strings.Builder
	if _, err := bufio.NewReader(conn).WriteTo(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.String()
}

// brokenWriter is the connection of a client that has gone.
type brokenWriter struct{ http.ResponseWriter }

var errGone = errors.New("connection reset")

func (brokenWriter) Write([]byte) (int, error) { return 0, errGone }

func TestSendReportsABrokenConnection(t *testing.T) {
	err := (&Reply{Status: 200}).Send(brokenWriter{httptest.NewRecorder()}, requestID)
	if !errors.Is(err, errGone) || !strings.Contains(err.Error(), requestID) {
		t.Errorf("got error %v", err)
	}
}
