package client

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/meterd/meterd/api"
)

// The pace stays under the quota, gives way to throttling, and recovers.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := unprocessing(t, func(string, int) bool { return false }).steps[0]
		s := &script{steps: []http.HandlerFunc{good}}
		cfg := configOf(s)
		cfg.Rate = 0
		c := newClient(t, cfg)
		began := time.Now()
		if _, err := c.SubmitAll(t.Context(), new("saas"), named(25*91)); err != nil {
			t.Fatal(err)
		}
		if perSecond := 90 / time.Since(began).Seconds(); perSecond >= 10 || perSecond < 8 {
			t.Errorf("%.1f calls per second, want just under 10", perSecond)
		}
		throttled := sayError(400, api.ThrottlingException)
		s.steps = append(make([]http.HandlerFunc, len(s.seen)), throttled, throttled, throttled, throttled, good)
		if _, err := c.SubmitAll(t.Context(), new("saas"), named(25)); err != nil {
			t.Fatal(err)
		}
		if limit := c.pace.limiter.Limit(); limit > batchCallsPerSecond/8 {
			t.Errorf("after four refusals the pace is %v", limit)
		}
		if _, err := c.SubmitAll(t.Context(), new("saas"), named(25*40)); err != nil {
			t.Fatal(err)
		}
		if limit := c.pace.limiter.Limit(); limit != batchCallsPerSecond {
			t.Errorf("after forty calls that passed the pace is %v", limit)
		}
	})
}

// Throttling slows the pace down, but does not stop it.
func TestPaceHasAFloor(t *testing.T) {
	throttled := &Error{API: &api.Error{Name: api.ThrottlingException}}
	for _, highest := range []rate.Limit{0, 1000, rate.Inf} {
		p := newPace(highest)
		for range 20 {
			p.note(throttled)
		}
		if limit := p.limiter.Limit(); limit != batchCallsPerSecondMin {
			t.Errorf("from %v the pace fell to %v", highest, limit)
		}
		for range 10_000 {
			p.note(nil)
		}
		if limit := p.limiter.Limit(); limit != p.highest {
			t.Errorf("from %v the pace came back to %v", highest, limit)
		}
	}
}
