package outbox

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"time"
)

// DeadLetters yields the records that need a person, oldest hour first.
func (o *Outbox) DeadLetters(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for id, err := range scan(ctx, o, o.db, []byte{deadTable}, []byte{deadTable + 1}, decodePlaceOnly) {
			var r Record
			if err == nil {
				r, err = o.Record(ctx, id)
			}
			if err != nil {
				yield(Record{}, fmt.Errorf("reading dead letters: %w", err))
				return
			}
			if r.Fate.State == Dead && !yield(r, nil) {
				return
			}
		}
	}
}

func decodePlaceOnly(key, _ []byte) (RecordID, error) {
	id, _, err := decodePlace(key)
	return id, err
}

// Action is what a person did about a dead letter.
type Action string

const (
	// Resend: the same record is to be sent again.
	Resend Action = "resend"
	// Carry: its amount is billed with a later hour.
	Carry Action = "carry"
	// Discard: it will not be billed.
	Discard Action = "discard"
)

// Act is an entry of the list of what was done about dead letters, by whom, and
// why. It is kept for ever.
type Act struct {
	At     time.Time
	Action Action
	Record RecordID
	Key    Key
	// Amount is what the record was to bill, in told units.
	Amount   int64
	Who, Why string
	// Into is the hour that took what was carried.
	Into Hour
}

// Resend makes a dead letter pending again: the same bytes for the same hour. It
// is refused with ErrState when the deadline has passed; what is left then is
// CarryOn.
func (o *Outbox) Resend(ctx context.Context, id RecordID, who, why string, now time.Time) error {
	return o.act(ctx, Act{Action: Resend, Record: id, Who: who, Why: why}, now, func(_ *group, r *Record, _ *Act) error {
		if !r.Deadline.After(now) {
			return fmt.Errorf("%w: the service took it until %s only", ErrState, r.Deadline.Format(time.RFC3339))
		}
		r.Fate = Fate{State: Pending, Attempts: r.Fate.Attempts, LastSent: r.Fate.LastSent, SettledAt: now.UTC()}
		return nil
	})
}

// CarryOn counts a dead letter's amount in the next open hour of its key. It
// must not be done with a record that the service has accepted.
func (o *Outbox) CarryOn(ctx context.Context, id RecordID, who, why string, now time.Time) error {
	return o.act(ctx, Act{Action: Carry, Record: id, Who: who, Why: why}, now, func(g *group, r *Record, act *Act) error {
		a := g.o.byID[id.key-1]
		hour, err := g.o.openHour(a, max(HourOf(now), id.Hour+1), now)
		if err != nil {
			return err
		}
		for _, s := range r.shares() {
			g.count(a, addition{kind: carried, hour: hour, at: hour.secondOf(now), quantity: s.amount, tags: s.tags})
		}
		act.Into = hour
		r.Fate.State, r.Fate.SettledAt = Carried, now.UTC()
		return nil
	})
}

// Discard gives a dead letter up.
func (o *Outbox) Discard(ctx context.Context, id RecordID, who, why string, now time.Time) error {
	return o.act(ctx, Act{Action: Discard, Record: id, Who: who, Why: why}, now, func(_ *group, r *Record, _ *Act) error {
		r.Fate.State, r.Fate.SettledAt = Discarded, now.UTC()
		return nil
	})
}

// shares are the record's quantity in told units, by tags.
func (r *Record) shares() []share {
	switch {
	case r.Quantity == 0:
		return nil
	case r.Allocations == nil:
		return []share{{"", r.Amount()}}
	}
	list := make([]share, len(r.Allocations))
	for i, allocation := range r.Allocations {
		list[i] = share{canonical(allocation.Tags), allocation.Quantity * r.Note.Per}
	}
	return list
}

// act changes a dead letter and notes who did it.
func (o *Outbox) act(ctx context.Context, act Act, now time.Time, change func(*group, *Record, *Act) error) error {
	if act.Who == "" {
		return fmt.Errorf("record %s, %s: it must be said who decided that", act.Record, act.Action)
	}
	act.At, act.Who, act.Why = now.UTC(), cutText(act.Who), cutText(act.Why)
	err := o.change(ctx, now, func(g *group) error {
		records, err := g.records([]RecordID{act.Record})
		if err != nil {
			return err
		}
		r := records[act.Record]
		if r == nil {
			return ErrNoRecord
		}
		if r.Fate.State != Dead {
			return fmt.Errorf("%w: it is %s", ErrState, r.Fate.State)
		}
		before := *r
		act.Key, act.Amount = r.Key, r.Amount()
		if err := change(g, r, &act); err != nil {
			return err
		}
		g.resettle(&before, r)
		g.o.lastAct++
		g.key = appendSequence(g.key[:0], actTable, g.o.lastAct)
		g.set(appendAct(g.value[:0], &act))
		return nil
	})
	if err != nil {
		return fmt.Errorf("record %s, %s: %w", act.Record, act.Action, err)
	}
	return nil
}

// Acts yields what was done about dead letters, oldest first.
func (o *Outbox) Acts(ctx context.Context) iter.Seq2[Act, error] {
	return scan(ctx, o, o.db, []byte{actTable}, []byte{actTable + 1}, func(_, value []byte) (Act, error) {
		act, err := decodeAct(value)
		if err == nil {
			act.Key, err = o.keyOf(act.Record.key)
		}
		return act, err
	})
}

func appendAct(b []byte, a *Act) []byte {
	b = appendTime(append(b, valueFormat), a.At)
	b = appendText(b, a.Action)
	for _, n := range []uint64{uint64(a.Record.Hour), uint64(a.Record.key), uint64(a.Into)} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendVarint(b, a.Amount)
	return appendText(appendText(b, a.Who), a.Why)
}

// decodeAct leaves out the key's names.
func decodeAct(value []byte) (Act, error) {
	r := newReader(value)
	a := Act{
		At:     r.time(),
		Action: Action(r.text()),
		Record: RecordID{Hour(r.uvarint()), keyID(r.uvarint())},
		Into:   Hour(r.uvarint()),
		Amount: r.int(),
		Who:    r.text(),
		Why:    r.text(),
	}
	return a, r.end()
}
