package agent

import (
	"context"
	"fmt"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// settle stores what the service said of records, and tells of what it refused.
func (l *lane) settle(ctx context.Context, records []outbox.Record, verdicts []client.Verdict) error {
	var known []outbox.Verdict
	var dead []*outbox.Record
	for i := range verdicts {
		v, ok := verdictOf(&records[i], &verdicts[i])
		if !ok {
			continue
		}
		known = append(known, v)
		if v.State == outbox.Dead {
			records[i].Fate.Cause, records[i].Fate.Detail = v.Cause, v.Detail
			dead = append(dead, &records[i])
		}
	}
	now, _ := l.agent.now()
	if err := l.agent.outbox.Settle(ctx, known, now); err != nil {
		return fmt.Errorf("storing verdicts: %w", err)
	}
	l.agent.metrics.verdicts.WithLabelValues(string(metering.Success)).Add(float64(len(known) - len(dead)))
	for _, r := range dead {
		l.agent.metrics.verdicts.WithLabelValues(string(r.Fate.Cause)).Inc()
		if err := l.agent.bury(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// bury tells of a record that was refused. One of nothing is given up at once:
// no amount is lost, and nobody has to decide anything.
func (a *Agent) bury(ctx context.Context, r *outbox.Record) error {
	now, _ := a.now()
	if r.Quantity == 0 {
		a.logger.Info("a record of 0 was refused and is given up", "record", r.ID, "key", r.Key, "cause", r.Fate.Cause)
		return a.outbox.Discard(ctx, r.ID, "agent", "it would have billed nothing", now)
	}
	a.logger.Error("the service refused a record, which is a dead letter now", "record", r.ID, "key", r.Key, "quantity", r.Quantity, "cause", r.Fate.Cause, "detail", r.Fate.Detail)
	a.watch.refused(fmt.Sprintf("record refused: %d of %s for %s, %s: %s (record %s)",
		r.Quantity, r.Key.Dimension, r.Key.Customer, r.ID.Hour.Start().Format("2006-01-02T15:04Z"), r.Fate.Cause, r.ID))
	return nil
}
