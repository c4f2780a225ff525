package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/outbox"
)

// turns remembers what was done already. After a start all of it is done again,
// which changes nothing.
type turns struct {
	// beaten and zeroed are the hours that have their heartbeats, and before
	// which missing usage was told as 0.
	beaten, zeroed outbox.Hour
	forgotten      time.Time
}

// turn does what the time asks for.
func (a *Agent) turn(ctx context.Context) {
	now, known := a.now()
	if !known {
		return
	}
	err := a.work(ctx, now)
	a.mu.Lock()
	changed := (err == nil) != (a.trouble == nil)
	a.trouble = err
	a.mu.Unlock()
	switch {
	case !changed || ctx.Err() != nil:
	case err != nil:
		a.logger.Error("the agent cannot work", "err", err)
	default:
		a.logger.Info("the agent works again")
	}
}

func (a *Agent) work(ctx context.Context, now time.Time) error {
	for _, task := range []func(context.Context, time.Time) error{
		a.beat, a.ensureZeros, a.freeze, a.expire, a.forget,
	} {
		if err := task(ctx, now); err != nil {
			return err
		}
	}
	return nil
}

// freeze makes records of the hours that are over, and has them sent.
func (a *Agent) freeze(ctx context.Context, now time.Time) error {
	frozen, err := a.outbox.Freeze(ctx, now, a.plan.Settle)
	if frozen > 0 {
		a.logger.Info("hours frozen", "records", frozen)
		a.kick()
	}
	return err
}

// expire gives up what can be told to nobody any more.
func (a *Agent) expire(ctx context.Context, now time.Time) error {
	expired, err := a.outbox.Expire(ctx, now)
	if expired > 0 {
		a.metrics.verdicts.WithLabelValues(string(outbox.CauseExpired)).Add(float64(expired))
		a.watch.refused(fmt.Sprintf("records that could not be sent before their deadline and are dead letters: %d", expired))
	}
	return err
}

// forget drops what is old, once a day.
func (a *Agent) forget(ctx context.Context, now time.Time) error {
	if now.Sub(a.turns.forgotten).Abs() < forgetEvery {
		return nil
	}
	gone, err := a.outbox.Forget(ctx, now)
	if err != nil {
		return err
	}
	a.turns.forgotten = now
	if gone != (outbox.Forgotten{}) {
		a.logger.Info("old ids and records forgotten", "events", gone.Events, "records", gone.Records)
	}
	return nil
}
