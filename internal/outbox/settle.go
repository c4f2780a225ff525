package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

var (
	// ErrNoRecord is returned for an id of which there is no record.
	ErrNoRecord = errors.New("there is no such record")
	// ErrState is returned when a record is not in a state for what is asked.
	ErrState = errors.New("the record is in another state")
)

// Verdict is the end of a record's way to the service.
type Verdict struct {
	Record RecordID
	// State is Done or Dead.
	State State
	// MeteringRecordID and Status are the service's, if it gave any.
	MeteringRecordID string
	Status           metering.Status
	// Cause and Detail say why a record is dead.
	Cause  Cause
	Detail string
}

// MarkSent notes, durably, that records are about to be sent. Whoever finds one
// without a verdict then knows that the service may have it.
func (o *Outbox) MarkSent(ctx context.Context, ids []RecordID, now time.Time) error {
	return o.settleEach(ctx, ids, now, func(_ int, r *Record) error {
		if r.Fate.State != Pending {
			return fmt.Errorf("%w: it is %s", ErrState, r.Fate.State)
		}
		r.Fate.Attempts++
		r.Fate.LastSent = now.UTC()
		return nil
	})
}

// Settle stores verdicts. A verdict that a record has already changes nothing. A
// dead letter becomes done if the service turns out to have it; whatever else a
// verdict contradicts is ErrState. An error names the records it is about; the
// other verdicts are stored.
func (o *Outbox) Settle(ctx context.Context, verdicts []Verdict, now time.Time) error {
	ids := make([]RecordID, len(verdicts))
	for i := range verdicts {
		ids[i] = verdicts[i].Record
	}
	return o.settleEach(ctx, ids, now, func(i int, r *Record) error { return verdicts[i].settle(r, now) })
}

func (v *Verdict) settle(r *Record, now time.Time) error {
	f := &r.Fate
	switch {
	case v.State != Done && v.State != Dead:
		return fmt.Errorf("%q is no verdict", v.State)
	case f.State == v.State:
		return nil
	case f.State == Pending, f.State == Dead:
	case v.State == Done:
		return fmt.Errorf("%w: the service has it, but it is %s", ErrState, f.State)
	default:
		return fmt.Errorf("%w: it is %s and cannot become %s", ErrState, f.State, v.State)
	}
	f.State, f.SettledAt = v.State, now.UTC()
	f.MeteringRecordID, f.Status = cutText(v.MeteringRecordID), metering.Status(cutText(string(v.Status)))
	f.Cause, f.Detail = Cause(cutText(string(v.Cause))), cutText(v.Detail)
	return nil
}

// Expire makes dead letters of all records whose deadline has passed, and
// returns how many.
func (o *Outbox) Expire(ctx context.Context, now time.Time) (int, error) {
	expired := 0
	for {
		ids, err := o.expiring(ctx, now)
		if err != nil || len(ids) == 0 {
			return expired, err
		}
		if err := o.settleEach(ctx, ids, now, func(_ int, r *Record) error { return r.expire(now) }); err != nil {
			return expired, fmt.Errorf("expiring: %w", err)
		}
		expired += len(ids)
	}
}

// expiring returns the next records whose deadline has passed.
func (o *Outbox) expiring(ctx context.Context, now time.Time) (ids []RecordID, err error) {
	for e, err := range o.queued(ctx, time.Time{}) {
		if err != nil {
			return nil, err
		}
		if e.deadline.After(now) || len(ids) == stepRows {
			break
		}
		ids = append(ids, e.id)
	}
	return ids, nil
}

func (r *Record) expire(now time.Time) error {
	if r.Fate.State != Pending {
		return nil // Somebody was quicker.
	}
	detail := fmt.Sprintf("The service took this record until %s. It was never sent, so it was not billed.", metering.ShowTime(r.Deadline))
	if r.Fate.Attempts > 0 {
		detail = fmt.Sprintf("The service took this record until %s. It was sent %d times, last at %s, and no answer came: it may have been billed. Compare with the service before carrying it.",
			metering.ShowTime(r.Deadline), r.Fate.Attempts, metering.ShowTime(r.Fate.LastSent))
	}
	r.Fate.State, r.Fate.SettledAt, r.Fate.Cause, r.Fate.Detail = Dead, now.UTC(), CauseExpired, detail
	return nil
}

// settleEach changes the fates of records in one batch. What change refuses is
// left as it is and told in the error; the other records are changed.
func (o *Outbox) settleEach(ctx context.Context, ids []RecordID, now time.Time, change func(int, *Record) error) error {
	var refused error
	err := o.change(ctx, now, func(g *group) error {
		records, err := g.records(ids)
		if err != nil {
			return err
		}
		for i, id := range ids {
			r := records[id]
			if r == nil {
				refused = errors.Join(refused, fmt.Errorf("record %s: %w", id, ErrNoRecord))
				continue
			}
			before := *r
			if err := change(i, r); err != nil {
				refused = errors.Join(refused, fmt.Errorf("record %s: %w", id, err))
			} else if r.Fate != before.Fate {
				g.resettle(&before, r)
			}
		}
		return nil
	})
	return errors.Join(err, refused)
}

// resettle stages a record's change from one fate to another.
func (g *group) resettle(before, after *Record) {
	g.keepFate(after)
	was, is := before.Fate.State, after.Fate.State
	if was == Pending && is != Pending {
		g.key = appendQueueKey(g.key[:0], after.Deadline, after.ID)
		g.remove()
	}
	if was != Pending && is == Pending {
		g.enqueue(after)
	}
	g.key = appendPlace(g.key[:0], deadTable, after.ID)
	if was == Dead && is != Dead {
		g.remove()
	}
	if was != Dead && is == Dead {
		g.set(nil)
	}
	a := g.o.byID[after.ID.key-1]
	a.settle(before, after)
	g.keep(a)
}

// keepFate stages the row of a record's fate.
func (g *group) keepFate(r *Record) {
	g.key = appendRecordKey(g.key[:0], r.ID, fateRow)
	g.set(appendFate(g.value[:0], &r.Fate))
}
