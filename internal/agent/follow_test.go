package agent

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/plan"
)

// TestClockThatWasNotHeardOf keeps events out: their hour would be wrong.
func TestClockThatWasNotHeardOf(t *testing.T) {
	a := newIdle(t, func(p *plan.Plan) { p.Clock = "http://127.0.0.1:1" })
	for method, path := range map[string]string{"POST": "/v1/events", "GET": "/ready"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, path, strings.NewReader("{}"))
		r.Host = "localhost"
		if a.ServeHTTP(w, r); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "has not been heard of") {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	if err := a.follower.follow(t.Context()); err == nil {
		t.Error("a clock was read where there is none")
	}
}

func TestClocks(t *testing.T) {
	state := clock.State{Real: true, Scale: 1, Now: time.Now()}
	token := ""
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != clockPath || r.Header.Get("Authorization") != token {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if err := json.NewEncoder(w).Encode(state); err != nil {
			t.Error(err)
		}
	}))
	defer service.Close()
	follow := func(from, endpoint string) (*follower, error) {
		p := plan.ForProduct("saas", endpoint)
		p.Clock = from
		f := newFollower(Config{Plan: p, ClockToken: strings.TrimPrefix(token, "Bearer ")}, new(clock.Clock))
		if f.url == "" {
			return f, nil
		}
		return f, f.follow(t.Context())
	}
	if f, err := follow(plan.ClockAuto, service.URL); err != nil || f.clock.Steered() {
		t.Errorf("a service with the machine's clock: %v", err)
	}
	state = clock.State{Scale: 0, Now: noon}
	for _, from := range []string{service.URL, service.URL + "/", service.URL + "/_meterd/"} {
		if f, err := follow(from, ""); err != nil || !f.clock.Now().Equal(noon) || !f.known() {
			t.Errorf("the clock at %s: %v", from, err)
		}
	}
	if f, err := follow(plan.ClockAuto, service.URL); err != nil || !f.clock.Now().Equal(noon) {
		t.Errorf("a steered clock is not followed by itself: %v", err)
	}
	if f, err := follow(plan.ClockMachine, service.URL); err != nil || f.clock.Steered() {
		t.Errorf("the machine's clock: %v", err)
	}
	if f, err := follow(plan.ClockAuto, ""); err != nil || f.clock.Steered() || !f.known() {
		t.Errorf("AWS's clock: %v", err)
	}
	token = "Bearer s3cret"
	if f, err := follow(service.URL, ""); err != nil || !f.clock.Now().Equal(noon) {
		t.Errorf("behind a token: %v", err)
	}
}
