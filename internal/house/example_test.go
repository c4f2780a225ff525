package house

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store/memstore"
)

const protocolFile = "docs/protocol.md"

// exampleTime is where the document says that the clock stands.
var exampleTime = time.Date(2026, 11, 22, 0, 55, 0, 0, time.UTC)

var (
	block        = regexp.MustCompile("(?ms)^```(yaml|http)\n(.*?)^```$")
	signatureHex = regexp.MustCompile(`Signature=(\?|[0-9a-f]{64})`)
	lengthLine   = regexp.MustCompile(`Content-Length: (\?|\d+)`)
	credential   = regexp.MustCompile(`Credential=(([^/]+)/([^/]+)/([^/]+)/([^/]+)/([^,]+)), SignedHeaders=([^,]+)`)
)

// TestProtocolExamplesAreTrue sends every request of the document, as its bytes
// stand there, to one server and compares the answers. Signatures and lengths
// are recomputed first, so that they are compared too.
func TestProtocolExamplesAreTrue(t *testing.T) {
	text := read(t, protocolFile)
	blocks := block.FindAllStringSubmatchIndex(text, -1)
	if len(blocks) < 20 || text[blocks[0][2]:blocks[0][3]] != "yaml" {
		t.Fatalf("%s has %d blocks; it should begin with a catalog", protocolFile, len(blocks))
	}
	house := openExamples(t, text[blocks[0][4]:blocks[0][5]])
	var b strings.Builder
	done, answer := 0, ""
	for i, at := range blocks[1:] {
		stands := text[at[4]:at[5]]
		b.WriteString(text[done:at[4]])
		done = at[5]
		if i%2 == 0 {
			request := house.complete(t, stands)
			b.WriteString(request)
			answer = house.send(t, request)
			continue
		}
		b.WriteString(settle(answer, stands))
	}
	keep(t, protocolFile, b.String()+text[done:])
}

// examples is the server of the document, and its marketplace.
type examples struct {
	address string
	market  *marketplace.Market
}

func openExamples(t *testing.T, source string) examples {
	t.Helper()
	state, err := catalog.Parse([]byte(source), catalog.Options{File: protocolFile, Now: exampleTime})
	if err != nil {
		t.Fatal(err)
	}
	frozen := new(clock.Clock)
	frozen.Set(exampleTime)
	frozen.Freeze()
	books, err := ledger.Open(t.Context(), ledger.Config{Store: memstore.New(), Clock: frozen})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := books.Apply(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(server.New(server.Config{Ledger: books, CORS: []string{"http://localhost:3000"}}))
	t.Cleanup(s.Close)
	return examples{s.Listener.Addr().String(), books.Market()}
}

// complete fills in a request's length and signature.
func (e examples) complete(t *testing.T, request string) string {
	t.Helper()
	head, body, ok := strings.Cut(request, "\n\n")
	if !ok {
		t.Fatalf("no blank line after the head of %s", request)
	}
	body = strings.TrimSuffix(body, "\n")
	head = lengthLine.ReplaceAllString(head, "Content-Length: "+strconv.Itoa(len(body)))
	if signatureHex.MatchString(head) {
		head = signatureHex.ReplaceAllString(head, "Signature="+e.sign(t, head, body))
	}
	if body != "" {
		body += "\n"
	}
	return head + "\n\n" + body
}

// sign makes the signature that the head's Authorization announces.
func (e examples) sign(t *testing.T, head, body string) string {
	t.Helper()
	part := credential.FindStringSubmatch(head)
	if part == nil {
		t.Fatalf("no credential in %s", head)
	}
	principal, ok := e.market.ByAccessKey(part[2])
	if !ok {
		t.Fatalf("the catalog has no key %s", part[2])
	}
	headers := map[string]string{}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(line, ": ")
		headers[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	canonical := "POST\n/\n\n"
	for name := range strings.SplitSeq(part[7], ";") {
		canonical += name + ":" + headers[name] + "\n"
	}
	canonical += "\n" + part[7] + "\n" + digest(body)
	scope := strings.TrimPrefix(part[1], part[2]+"/")
	key := []byte("AWS4" + principal.SecretAccessKey)
	for _, step := range slices.Concat(part[3:7], []string{
		"AWS4-HMAC-SHA256\n" + headers["x-amz-date"] + "\n" + scope + "\n" + digest(canonical),
	}) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(step))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// send sends a request byte for byte and returns the answer as the document
// shows it, with plain line feeds.
func (e examples) send(t *testing.T, request string) string {
	t.Helper()
	connection, err := net.Dial("tcp", e.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	head, body, _ := strings.Cut(request, "\n\n")
	fmt.Fprint(connection, strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+strings.TrimSuffix(body, "\n"))
	in := bufio.NewReader(connection)
	var b strings.Builder
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("reading the answer to %s: %v", head, err)
		}
		line = strings.TrimSuffix(line, "\r\n")
		b.WriteString(line + "\n")
		if line == "" {
			break
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(value)
		}
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(in, answer); err != nil {
		t.Fatalf("reading the answer to %s: %v", head, err)
	}
	b.Write(answer)
	return strings.TrimSuffix(b.String(), "\n") + "\n"
}

// varying are the parts of an answer that differ from run to run.
var varying = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|Date: .*|"eyJ[A-Za-z0-9_.-]+"`)

// settle takes the varying parts of an answer from what stands in the document.
func settle(answer, stands string) string {
	old := varying.FindAllString(stands, -1)
	if len(old) != len(varying.FindAllString(answer, -1)) {
		return answer
	}
	next := 0
	return varying.ReplaceAllStringFunc(answer, func(string) string {
		next++
		return old[next-1]
	})
}
