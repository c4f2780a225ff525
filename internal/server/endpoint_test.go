package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// endpoint is a server that is spoken to in bytes.
type endpoint struct{ address string }

// conversation is one connection to an endpoint.
type conversation struct {
	*net.TCPConn
	answers *bufio.Reader
}

// answerMax is how long an answer may take before a test gives up on it.
const answerMax = 10 * time.Second

func (e endpoint) dial(tb testing.TB) *conversation {
	tb.Helper()
	conn, err := net.Dial("tcp", e.address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(answerMax)); err != nil {
		tb.Fatal(err)
	}
	return &conversation{conn.(*net.TCPConn), bufio.NewReader(conn)}
}

// say sends bytes while the answer is being read, as a server may answer, and
// hang up, before it has heard everything.
func (c *conversation) say(text string) { go io.WriteString(c, text) }

// ask sends a request on a connection of its own.
func (e endpoint) ask(tb testing.TB, raw string) answer {
	tb.Helper()
	c := e.dial(tb)
	c.say(raw)
	return c.hear(tb, raw)
}

// answer is an answer as it stood on the wire: the names of its headers have
// the spelling that was sent.
type answer struct {
	status int
	// head is the status line and the headers.
	head   []string
	header map[string]string
	body   string
	// continued says that a "100 Continue" came first.
	continued bool
}

// hear reads the answer to a request.
func (c *conversation) hear(tb testing.TB, request string) answer {
	tb.Helper()
	a := c.head(tb)
	if a.status == http.StatusContinue {
		a = c.head(tb)
		a.continued = true
	}
	length, err := strconv.Atoi(a.header["Content-Length"])
	var body []byte
	switch {
	case strings.HasPrefix(request, "HEAD ") || a.status == http.StatusNoContent:
	case err == nil:
		body = make([]byte, length)
		_, err = io.ReadFull(c.answers, body)
	default:
		body, err = io.ReadAll(c.answers)
	}
	if err != nil && len(body) > 0 {
		tb.Fatalf("reading the body: %v after %q", err, body)
	}
	a.body = string(body)
	return a
}

func (c *conversation) head(tb testing.TB) answer {
	tb.Helper()
	a := answer{header: map[string]string{}}
	for {
		line, err := c.answers.ReadString('\n')
		if err != nil {
			tb.Fatalf("reading the answer: %v after %q", err, a.head)
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		a.head = append(a.head, line)
		if name, value, ok := strings.Cut(line, ": "); ok {
			a.header[name] = value
		}
	}
	if _, err := strconv.Atoi(a.head[0][9:12]); err != nil {
		tb.Fatalf("status line %q", a.head[0])
	}
	a.status, _ = strconv.Atoi(a.head[0][9:12])
	return a
}

// do answers a request without a network; what follows the answer, such as
// the log, is over when it returns.
func (s *subject) do(tb testing.TB, raw string) answer {
	tb.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, parsed(tb, raw))
	a := answer{status: w.Code, header: map[string]string{}, body: w.Body.String()}
	for name, values := range w.Header() {
		if len(values) > 0 {
			a.header[name] = strings.Join(values, ", ")
		}
	}
	return a
}

// parsed is a request as net/http hands it to a server.
func parsed(tb testing.TB, raw string) *http.Request {
	tb.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		tb.Fatalf("%v in %q", err, raw)
	}
	r.RemoteAddr = "192.0.2.1:4711"
	return r
}

// checkHeaders holds an answer of ours to what every SDK relies on.
func (a answer) checkHeaders(t *testing.T) {
	t.Helper()
	if _, err := uuid.Parse(a.header["x-amzn-RequestId"]); err != nil {
		t.Errorf("x-amzn-RequestId: %v in %q", err, a.head)
	}
	if _, err := http.ParseTime(a.header["Date"]); err != nil {
		t.Errorf("Date: %v", err)
	}
	for name := range a.header {
		if name == "Content-Encoding" || name == "Location" || strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("the answer has the header %s", name)
		}
	}
	if strings.Contains(a.header["Content-Type"], "json") && !json.Valid([]byte(a.body)) {
		t.Errorf("the body is not JSON: %q", a.body)
	}
}

// exception is the body of an error. Two of the framework's spell the member
// with a capital letter, and some have none.
func exception(name, message string) string {
	if message == "" {
		return `{"__type":"` + name + `"}`
	}
	key := "message"
	if name == "AccessDeniedException" || name == "SerializationException" {
		key = "Message"
	}
	return `{"__type":"` + name + `","` + key + `":` + quoted(message) + `}`
}

func quoted(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// quotedMessage is the text of an error's body.
func quotedMessage(body string) (string, error) {
	var e struct{ Message string }
	err := json.Unmarshal([]byte(body), &e)
	return e.Message, err
}
