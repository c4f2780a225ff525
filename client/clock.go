package client

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// clocks are this machine's clock and what is known of the service's, which
// answers with its time in the header Date.
type clocks struct {
	now func() time.Time

	mu sync.Mutex
	// skew is how far the service was ahead at the last answer.
	skew time.Duration
	// known says that there was an answer with a time.
	known bool
	// signing is what is added to now in signatures.
	signing time.Duration
}

func (c *clocks) signingTime() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.signing)
}

// read learns the service's time from an answer to a request of a time. An
// answer out of a cache, which has an Age, tells when it was put there.
func (c *clocks) read(h http.Header, sent time.Time) (t time.Time, ok bool) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || h.Get("Age") != "" || c.now().Sub(sent) > skewMin {
		return t, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew, c.known = date.Sub(c.now()), true
	return date, true
}

// repair sets the signing time right if a failure can be explained by it, and
// reports whether it did.
func (c *clocks) repair(failure *Error) bool {
	if failure.API == nil || !skewNames[failure.API.Name] {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known || (c.skew-c.signing).Abs() < skewMin {
		return false
	}
	c.signing = c.skew
	return true
}

// serviceTime is what the service's clock shows, as far as is known.
func (c *clocks) serviceTime() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.skew)
}

// askTime asks the service for its time now, with a request that every service
// refuses: it names no operation and carries no proof.
func (c *Client) askTime(ctx context.Context) (t time.Time, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, c.attemptTimeout)
	defer cancel()
	// Answers to POST are never kept by a cache on the way.
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), nil)
	if err != nil {
		return t, false
	}
	sent := c.clock.now()
	response, err := c.http.Do(r)
	if err != nil {
		return t, false
	}
	response.Body.Close()
	return c.clock.read(response.Header, sent)
}
