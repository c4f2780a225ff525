package server

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

const page = "http://localhost:3000"

func withCORS(origins ...string) func(*Config) {
	return func(c *Config) { c.CORS = origins }
}

// fromPage adds what a browser does.
func fromPage(raw, origin string) string {
	return strings.Replace(raw, "\r\n", "\r\nOrigin: "+origin+"\r\n", 1)
}

func preflight(origin string) string {
	return message("OPTIONS / HTTP/1.1", "", "Origin: "+origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type,x-amz-target")
}

func corsOf(a answer) (names []string) {
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			names = append(names, name)
		}
	}
	return names
}

// TestNoCORS is the real service's way.
func TestNoCORS(t *testing.T) {
	s := open(t, wideMarket())
	for _, raw := range []string{
		preflight(page),
		fromPage(call{op: "ResolveCustomer", body: resolveBody}.raw(t), page),
		fromPage(call{op: "Nonsense"}.raw(t), page),
	} {
		if names := corsOf(s.do(t, raw)); len(names) > 0 {
			t.Errorf("%.40q gets %q", raw, names)
		}
	}
	if a := s.do(t, preflight(page)); a.status != 403 || a.body != missingTokenXML.body {
		t.Errorf("a preflight gets %d %s", a.status, a.body)
	}
}

func TestPreflight(t *testing.T) {
	for name, origins := range map[string][]string{
		"this page": {page},
		"another":   {"https://example.com", page},
		"any":       {"*"},
	} {
		a := open(t, wideMarket(), withCORS(origins...)).do(t, preflight(page))
		if a.status != 204 || a.body != "" || a.header["Access-Control-Allow-Origin"] != page || a.header["Vary"] != "Origin" ||
			a.header["Access-Control-Allow-Methods"] != "POST" || a.header["Access-Control-Max-Age"] != "600" {
			t.Errorf("%s: the preflight gets %d %q", name, a.status, a.header)
		}
		if _, err := uuid.Parse(a.header["x-amzn-RequestId"]); err != nil {
			t.Errorf("%s: x-amzn-RequestId: %v", name, err)
		}
		// What SDKs send from a browser, and clients from OpenAPI documents.
		allowed := strings.Split(a.header["Access-Control-Allow-Headers"], ", ")
		for _, want := range []string{
			"authorization", "content-type", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-target",
			"x-amz-user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "action", "version",
		} {
			if !slices.Contains(allowed, want) {
				t.Errorf("%s: header %s is not allowed", name, want)
			}
		}
	}
}

// TestEveryAnswerCanBeReadByAPage: an error that a page may not read is a
// riddle to whoever looks at it.
func TestEveryAnswerCanBeReadByAPage(t *testing.T) {
	broken := &tampered{Store: memstore.New()}
	s := openOver(t, broken, wideMarket(), withCORS(page), throttledAt(t, "1"))
	full := open(t, wideMarket(), withCORS(page))
	full.slots = nil // as if all were taken
	resolve := call{op: "ResolveCustomer", body: resolveBody}.raw(t)
	for _, test := range []struct {
		subject *subject
		raw     string
		status  int
	}{
		{s, resolve, 200},
		{s, resolve, 400}, // throttled
		{s, call{op: "Nonsense"}.raw(t), 400},
		{s, call{op: "ResolveCustomer", secret: "guessed"}.raw(t), 400},
		{s, unsigned(""), 403},
		{s, message("OPTIONS / HTTP/1.1", ""), 403}, // asks for no method: no preflight
		{s, call{op: "ResolveCustomer", header: map[string]string{"Content-Type": "application/x-amz-json-1.0"}}.raw(t), 404},
		{s, unsigned("", "Content-Type: "+awsJSON, "Content-Length: 2000000"), 413},
		{s, plainCall("ResolveCustomer", resolveBody, strings.Split(strings.Repeat("X: y,", 200)+"X: y", ",")...), 431},
		{s, call{op: "BatchMeterUsage", body: batchBody}.raw(t), 500},
		{full, resolve, 503},
	} {
		if test.status == 500 {
			broken.commit = func(context.Context, *store.Request, commit) error { panic("a mistake") }
		}
		a := test.subject.do(t, fromPage(test.raw, page))
		if a.status != test.status || a.header["Access-Control-Allow-Origin"] != page || a.header["Vary"] != "Origin" ||
			a.header["Access-Control-Expose-Headers"] != "x-amzn-RequestId, x-amzn-ErrorType, Date" {
			t.Errorf("status %d (want %d) has %q", a.status, test.status, a.header)
		}
	}
}

func TestAForeignPageMayNotRead(t *testing.T) {
	s := open(t, wideMarket(), withCORS(page))
	resolve := call{op: "ResolveCustomer", body: resolveBody}.raw(t)
	for _, origin := range []string{"http://localhost:3001", "https://localhost:3000", "http://evil.example", "null", page + "/"} {
		for _, raw := range []string{fromPage(resolve, origin), preflight(origin)} {
			a := s.do(t, raw)
			if names := corsOf(a); len(names) != 1 || a.header["Vary"] != "Origin" {
				t.Errorf("%s: the answer has %q", origin, a.header)
			}
		}
		if a := s.do(t, preflight(origin)); a.status != 403 || a.body != missingTokenXML.body {
			t.Errorf("%s: the preflight gets %d %s", origin, a.status, a.body)
		}
	}
	if names := corsOf(s.do(t, resolve)); len(names) > 0 {
		t.Errorf("a call of no page gets %q", names)
	}
}
