package agent

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// Agent is an open agent. It is an http.Handler of its own API.
type Agent struct {
	plan     *plan.Plan
	logger   *slog.Logger
	outbox   *outbox.Outbox
	clock    *clock.Clock
	follower *follower
	lanes    []lane
	watch    *watch
	metrics  *metrics
	handler  http.Handler
	// turns is the state of the turns, which only Run's goroutine has.
	turns turns

	mu sync.Mutex
	// trouble is what kept the last turn from its end.
	trouble error
}

// Run works until ctx is over: it freezes what is due and has it sent. What is
// being sent then is waited for.
func (a *Agent) Run(ctx context.Context) {
	var working sync.WaitGroup
	working.Go(func() { a.follower.run(ctx, a.logger) })
	working.Go(func() { every(ctx, watchEvery, a.watch.wake, func() { a.watch.look(ctx) }) })
	for _, l := range a.lanes {
		if !a.plan.DryRun {
			working.Go(func() { l.Run(ctx) })
		}
	}
	every(ctx, turnEvery, a.follower.moved, func() { a.turn(ctx) })
	working.Wait()
}

// Close closes the outbox. Run must have returned.
func (a *Agent) Close() error { return a.outbox.Close() }

// ServeHTTP serves the agent's API.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// every calls f now, then at an interval and whenever it is woken, until ctx is
// over.
func every(ctx context.Context, interval time.Duration, wake <-chan struct{}, f func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		f()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-wake:
		}
	}
}

// wake tells whoever waits; one that is awake looks once more.
func wake(waiting chan<- struct{}) {
	select {
	case waiting <- struct{}{}:
	default:
	}
}

// kick wakes all lanes.
func (a *Agent) kick() {
	for _, l := range a.lanes {
		l.Kick()
	}
}

// now is the agent's time. It is not known while a service's clock is to be
// followed that has not been heard of.
func (a *Agent) now() (time.Time, bool) { return a.clock.Now(), a.follower.known() }
