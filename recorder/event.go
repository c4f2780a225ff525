package recorder

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/outbox"
)

// Event is usage that is made durable on its own.
type Event struct {
	// ID names the event: however often one is added under the same id, also
	// after a crash, it counts once. Empty: this event is like no other.
	ID        string
	Customer  Customer
	Dimension string
	// Quantity may be negative, or 0 to ask for a record: see [Counter.Add].
	Quantity int64
	Tags     []Tag
	// Time is when the usage happened; zero: now. What is told for an hour that
	// was sent already counts in the next one.
	Time time.Time
}

// AddEvent counts an event, at the level of each: it returns when the event is
// on the disk, and so waits for that, a millisecond or so; calls at the same
// time share the wait. After an error the event may count or not; add it again
// under the same id.
func (r *Recorder) AddEvent(ctx context.Context, e Event) error {
	if e.ID == "" {
		e.ID = rand.Text()
	}
	told := outbox.Event{
		ID: outbox.EventID(e.ID), Key: r.cfg.key(e.Customer, e.Dimension), Quantity: e.Quantity, Tags: tagsOf(e.Tags), Time: e.Time,
	}
	if err := r.cfg.check(told); err != nil {
		return fmt.Errorf("adding event %.255q: %w", e.ID, err)
	}
	answers, err := r.box.now.Load().Add(ctx, []outbox.Event{told}, r.now())
	if err != nil {
		return fmt.Errorf("adding event %.255q: %w", e.ID, r.closedOr(err))
	}
	switch answer := answers[0]; {
	case answer.Outcome != outbox.Refused:
		return nil
	case answer.Reason == outbox.ReasonFull:
		return fmt.Errorf("adding event %.255q: %w: %s", e.ID, ErrFull, answer.Detail)
	default:
		return fmt.Errorf("adding event %.255q: %w: %s", e.ID, ErrInvalid, answer.Detail)
	}
}
