package livetest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every client must understand every answer: verdicts, record ids, times, and
// each exception as its own.
func TestClients(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			program := c.command(t)
			scenarios := c.understood(loadScenarios(t, "testdata/scenarios.yaml", now()))
			c.check(t, scenarios, c.run(t, program, settings{Endpoint: serve(t), Scenarios: scenarios}))
		})
	}
}

// throttle is one call in ten seconds: seldom enough for a client that starts
// slowly to be refused, often enough for one that waits to be served.
const throttle = "0.1"

// Clients that pace themselves must come through on their own; the others must
// be told what stopped them.
func TestThrottledClients(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			program := c.command(t)
			scenarios := loadScenarios(t, "testdata/throttled.yaml", now())
			if !c.retries {
				scenarios = scenarios[:2] // the third waits for longer than they do
			}
			c.check(t, scenarios, c.run(t, program, settings{Endpoint: serve(t, "--throttle", throttle), Scenarios: scenarios}))
		})
	}
}

// A page may use the service from the origins that the server was told, and
// reads the request id of every answer; from no other.
func TestBrowser(t *testing.T) {
	t.Parallel()
	program := browser.command(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><title>livetest</title>")
	}))
	defer page.Close()

	scenarios := loadScenarios(t, "testdata/scenarios.yaml", now())
	bare := slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return s.Name != "a token resolves" })
	results := browser.run(t, program, settings{
		Endpoint:      serve(t, "--cors", page.URL),
		Origin:        page.URL,
		ForeignOrigin: strings.Replace(page.URL, "127.0.0.1", "localhost", 1),
		Scenarios:     scenarios,
		Bare:          bare,
	})
	if len(results) != len(scenarios)+2 {
		t.Fatalf("the browser reports %d scenarios, want %d and two bare calls", len(results), len(scenarios))
	}
	browser.check(t, scenarios, results[:len(scenarios)])
	browser.check(t, bare, results[len(scenarios):len(scenarios)+1])
	if foreign := results[len(scenarios)+1]; foreign.Error == nil || foreign.Error.Type != "blocked" {
		t.Errorf("a page of another origin must be kept out, it got %+v", foreign)
	}
}

// now is the time that scenarios are relative to. Some clients cut fractions
// of a second from what they send.
func now() time.Time { return time.Now().Truncate(time.Second) }
