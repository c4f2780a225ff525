package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// follower keeps the agent's clock with that of a meterd whose clock is steered,
// so that an hour's end fits into a test. Where nothing is steered the agent's
// clock is the machine's.
type follower struct {
	clock *clock.Clock
	// url is where the clock is told; empty: nothing is followed.
	url, token string
	// must says that somebody asked for this clock: before it is heard of, no
	// event is accepted, because its hour would be wrong.
	must  bool
	heard atomic.Bool
	// moved is told when the clock was set to another hour.
	moved chan struct{}
	http  *http.Client
}

// clockPath is where a meterd tells its clock.
const clockPath = "/_meterd/clock"

func newFollower(cfg Config, c *clock.Clock) *follower {
	f := &follower{clock: c, token: cfg.ClockToken, moved: make(chan struct{}, 1), http: cfg.HTTPClient}
	if f.http == nil {
		f.http = http.DefaultClient
	}
	switch from := cfg.Plan.Clock; from {
	case plan.ClockMachine:
	case plan.ClockAuto:
		for i := range cfg.Plan.Services {
			if base := cfg.Plan.Services[i].Endpoint; base != "" {
				f.url = clockAt(base)
				break
			}
		}
	default:
		f.url, f.must = clockAt(from), true
	}
	return f
}

func clockAt(base string) string {
	return strings.TrimSuffix(strings.TrimSuffix(base, "/"), "/_meterd") + clockPath
}

func (f *follower) known() bool { return !f.must || f.heard.Load() }

// run follows until ctx is over.
func (f *follower) run(ctx context.Context, logger *slog.Logger) {
	if f.url == "" {
		return
	}
	every(ctx, clockEvery, nil, func() {
		if err := f.follow(ctx); err != nil && f.must && ctx.Err() == nil {
			logger.Debug("the service's clock could not be read", "err", err)
		}
	})
}

// follow sets the clock once.
func (f *follower) follow(ctx context.Context) error {
	state, err := f.ask(ctx)
	if err != nil {
		return err
	}
	before := outbox.HourOf(f.clock.Now())
	if state.Real {
		f.clock.Reset()
	} else {
		if err := f.clock.Scale(state.Scale); err != nil {
			return fmt.Errorf("following the service's clock: %w", err)
		}
		f.clock.Set(state.Now)
	}
	if !f.heard.Swap(true) || outbox.HourOf(f.clock.Now()) != before {
		wake(f.moved)
	}
	return nil
}

func (f *follower) ask(ctx context.Context) (state clock.State, err error) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return state, fmt.Errorf("asking for the clock: %w", err)
	}
	if f.token != "" {
		r.Header.Set("Authorization", "Bearer "+f.token)
	}
	answer, err := f.http.Do(r)
	if err != nil {
		return state, fmt.Errorf("asking for the clock: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return state, fmt.Errorf("asking for the clock: %s answered %s", f.url, answer.Status)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, answerBytesMax)).Decode(&state); err != nil || state.Now.IsZero() {
		return state, fmt.Errorf("asking for the clock: %s does not tell one", f.url)
	}
	return state, nil
}
