package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

var tooLarge = refused("RequestEntityTooLargeException", "The request must be smaller than 1048576 bytes; send fewer records or allocations.").as(413)

// padded is resolveBody with blanks up to a size.
func padded(size int) string { return resolveBody + strings.Repeat(" ", size-len(resolveBody)) }

// chunked sends a plain call's body in chunks of 64 KB.
func chunked(body string) string {
	head, _, _ := strings.Cut(plainCall("ResolveCustomer", "", "Transfer-Encoding: chunked"), "\r\n\r\n")
	var b strings.Builder
	for len(body) > 0 {
		n := min(len(body), 64<<10)
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return head + "\r\n\r\n" + b.String() + "0\r\n\r\n"
}

// TestMalformedSizes holds the edge of what a body may be: less than 1 MB.
func TestMalformedSizes(t *testing.T) {
	const megabyte = 1 << 20
	signed := func(size int) string { return call{op: "ResolveCustomer", body: padded(size)}.raw(t) }
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"1 MB - 1", signed(megabyte - 1), good},
		{"1 MB", signed(megabyte), tooLarge},
		{"1 MB + 1", signed(megabyte + 1), tooLarge},
		{"1 MB - 1 in chunks", chunked(padded(megabyte - 1)), goodPlain},
		{"1 MB in chunks", chunked(padded(megabyte)), tooLarge.in(plainJSON)},
		{"1 MB + 1 in chunks", chunked(padded(megabyte + 1)), tooLarge.in(plainJSON)},
		{"8 MB in chunks", chunked(padded(8 * megabyte)), tooLarge.in(plainJSON)},
		{"100 GB that are only promised", unsigned("", "Content-Type: "+awsJSON, "Authorization: x", "Content-Length: 107374182400"), tooLarge},
		{"1 MB of a stranger", unsigned(padded(megabyte), "Content-Type: "+awsJSON), tooLarge},
		{"a chunk without end", strings.TrimSuffix(chunked(resolveBody), "0\r\n\r\n") + "fffffffffffffffff\r\n", broken.in(plainJSON)},
		{"a chunk whose size is no number", strings.TrimSuffix(chunked(resolveBody), "0\r\n\r\n") + "x\r\n", broken.in(plainJSON)},
	})
}

// TestMalformedHeaderCounts holds the edge of how many fields there may be.
func TestMalformedHeaderCounts(t *testing.T) {
	tooMany := refused("RequestHeaderFieldsTooLargeException", "The request has more than 200 header fields.").as(431)
	// The request has four fields that net/http keeps as such, Host is none.
	with := func(n int) string {
		lines := make([]string, n-4)
		for i := range lines {
			lines[i] = fmt.Sprintf("X-%d: %d", i, i)
		}
		return plainCall("ResolveCustomer", resolveBody, lines...)
	}
	repeated := plainCall("ResolveCustomer", resolveBody, strings.Split(strings.Repeat("X: y,", 199)+"X: y", ",")...)
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"200 fields", with(200), goodPlain},
		{"201 fields", with(201), tooMany.in(plainJSON)},
		{"one field 200 times, and four others", repeated, tooMany.in(plainJSON)},
		{"10,000 fields", with(10_000), tooMany.in(plainJSON)},
		{"a field of 400 kB", plainCall("ResolveCustomer", resolveBody, "X: "+strings.Repeat("y", 400_000)), goodPlain},
		// What is larger than cmd/meterd's headerBytesMax is refused by
		// net/http, in text: it cannot know that we speak JSON.
		{"a field of 900 kB", plainCall("ResolveCustomer", resolveBody, "X: "+strings.Repeat("y", 900_000)), belowUs(431, "431 Request Header Fields Too Large")},
	})
}

// TestATruncatedBodyIsRefused is about clients that hang up halfway.
func TestATruncatedBodyIsRefused(t *testing.T) {
	server := listen(t, open(t, wideMarket()))
	for name, raw := range map[string]string{
		"with a length": strings.TrimSuffix(plainCall("ResolveCustomer", resolveBody), "}"),
		"in chunks":     strings.TrimSuffix(chunked(resolveBody), "0\r\n\r\n"),
		"no byte of it": strings.TrimSuffix(plainCall("ResolveCustomer", resolveBody), resolveBody),
	} {
		c := server.dial(t)
		if _, err := c.Write([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		broken.in(plainJSON).check(t, raw, c.hear(t, raw))
	}
}

// TestASlowBodyIsNotWaitedFor is about clients that stop halfway and stay. The
// connection ends: what comes later would be taken for a request.
func TestASlowBodyIsNotWaitedFor(t *testing.T) {
	server := listen(t, open(t, wideMarket(), func(c *Config) { c.BodyTimeout = 50 * time.Millisecond }))
	whole := plainCall("ResolveCustomer", resolveBody)
	slow := refused("RequestTimeoutException", "The body did not arrive in time.").in(plainJSON)
	for name, test := range map[string]struct {
		raw  string
		want want
	}{
		"the end is missing":              {strings.TrimSuffix(whole, "}"), slow},
		"all of it is missing":            {strings.TrimSuffix(whole, resolveBody), slow},
		"a chunk is missing":              {strings.TrimSuffix(chunked(resolveBody), "0\r\n\r\n"), slow},
		"refused before the body matters": {unsigned("", "Content-Length: 10"), missingTokenXML},
		"signed by nobody":                {unsigned("", "Content-Type: "+awsJSON, "Content-Length: 10"), slow.in(awsJSON)},
		"a preflight's":                   {message("OPTIONS / HTTP/1.1", "", "Content-Length: 10"), missingTokenXML},
	} {
		t.Run(name, func(t *testing.T) {
			c := server.dial(t)
			c.say(test.raw)
			test.want.check(t, test.raw, c.hear(t, test.raw))
			if n, err := c.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("the connection goes on: %d bytes, %v", n, err)
			}
		})
	}
}

// TestTheTimeLimitIsTheBodys: neither a commit nor a connection's idleness
// counts, and a client that waits has not hung up.
func TestTheTimeLimitIsTheBodys(t *testing.T) {
	const limit = 50 * time.Millisecond
	over := &tampered{Store: memstore.New()}
	s := openOver(t, over, wideMarket(), func(c *Config) { c.BodyTimeout = limit })
	over.commit = func(ctx context.Context, r *store.Request, next commit) error {
		time.Sleep(2 * limit)
		return next(ctx, r)
	}
	server := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r)
		if err := r.Context().Err(); err != nil {
			t.Errorf("the client is taken to be gone: %v", err)
		}
	}))
	c := server.dial(t)
	for _, row := range []malformed{
		{"with a body", plainCall("ResolveCustomer", resolveBody), goodPlain},
		{"in chunks", chunked(resolveBody), goodPlain},
		{"without one", plainCall("ResolveCustomer", ""), broken.in(plainJSON)},
		{"with a body again", plainCall("ResolveCustomer", resolveBody), goodPlain},
	} {
		c.say(row.raw)
		row.want.check(t, row.raw, c.hear(t, row.raw))
		time.Sleep(2 * limit)
	}
}
