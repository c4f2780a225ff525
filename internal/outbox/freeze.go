package outbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Freeze makes a record of every hour that ended settle ago or earlier, and
// returns how many of them are to be sent. An hour whose usage cannot be billed
// any more gets a void record, and its usage is carried to a later hour.
//
// It goes in steps, between which others write; what was done stays done.
func (o *Outbox) Freeze(ctx context.Context, now time.Time, settle time.Duration) (int, error) {
	return o.freezeAll(ctx, now, func() (due []*bucket) {
		for h, buckets := range o.open {
			if h.End().Add(settle).After(now) {
				continue
			}
			for _, b := range buckets {
				if !o.rests(b) {
					due = append(due, b)
				}
			}
		}
		return due
	})
}

// CloseCustomer freezes at once all that is open of a customer up to this hour,
// and returns how many records are to be sent. An empty product means all.
//
// Nothing is closed for the future: an event that is told later counts in the
// next hour, as any late event does. To have it within the service's final hour,
// call again. What comes too late is refused by the service, and then stands
// among the dead letters with the customer's name.
func (o *Outbox) CloseCustomer(ctx context.Context, product metering.ProductCode, c Customer, now time.Time) (int, error) {
	err := o.change(ctx, now, func(g *group) error {
		for _, a := range o.accountsOf(product, c) {
			a.closedAt = now
			g.keep(a)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return o.freezeAll(ctx, now, func() (due []*bucket) {
		for _, a := range o.accountsOf(product, c) {
			for _, b := range a.open {
				if b.hour <= HourOf(now) && !o.rests(b) {
					due = append(due, b)
				}
			}
		}
		return due
	})
}

// rests reports whether a bucket waits for usage to come. What does not fill a
// billed unit is not handed from hour to hour, with a void record for each.
func (o *Outbox) rests(b *bucket) bool {
	return len(b.account.open) == 1 && b.idle(o.cfg.termsOf(b.account.key).Per)
}

// accountsOf returns the accounts of a customer, for one product or all.
func (o *Outbox) accountsOf(product metering.ProductCode, c Customer) []*account {
	list := slices.Clone(o.byCustomer[c])
	return slices.DeleteFunc(list, func(a *account) bool { return product != "" && a.key.Product != product })
}

// freezeAll freezes what due returns until that is nothing, for what a bucket
// hands on may be due at once.
func (o *Outbox) freezeAll(ctx context.Context, now time.Time, due func() []*bucket) (pending int, err error) {
	for {
		o.mu.RLock()
		list := due()
		o.mu.RUnlock()
		if len(list) == 0 {
			return pending, nil
		}
		// Earlier hours first: what they hand on is in time for later ones.
		slices.SortFunc(list, func(a, b *bucket) int {
			return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.account.id, b.account.id))
		})
		for len(list) > 0 {
			var n int
			if list, n, err = o.freezeStep(ctx, list, now); err != nil {
				return pending, fmt.Errorf("freezing: %w", err)
			}
			pending += n
		}
	}
}

// freezeStep freezes the first of the buckets, until they made enough rows, and
// returns the others. In the middle of trouble it keeps what it has done.
func (o *Outbox) freezeStep(ctx context.Context, list []*bucket, now time.Time) (others []*bucket, pending int, err error) {
	var trouble error
	err = o.change(ctx, now, func(g *group) error {
		for rows := 0; len(list) > 0 && rows < stepRows; list = list[1:] {
			b := list[0]
			if b.gone {
				continue
			}
			var r *Record
			if r, trouble = g.freeze(b, now); trouble != nil {
				return nil
			}
			rows += 1 + len(b.sums)
			pending += int(r.counts().pending)
		}
		return nil
	})
	return list, pending, cmp.Or(err, trouble)
}

// freeze replaces a bucket by its record, and hands on what that does not hold.
func (g *group) freeze(b *bucket, now time.Time) (*Record, error) {
	r, rest, err := g.o.settleBucket(b, now)
	if err != nil {
		return nil, err
	}
	if err := g.carry(b.account, g.o.successor(b, now), rest, now); err != nil {
		return nil, err
	}
	g.key = appendRecordKey(g.key[:0], r.ID, frozenRow)
	g.set(appendFrozen(g.value[:0], r))
	if r.Fate.State == Pending {
		g.enqueue(r)
	} else {
		g.keepFate(r)
	}
	b.account.freeze(r, b.gross)
	g.keep(b.account)
	g.unstore(b)
	g.o.froze(b)
	return r, nil
}

// settleBucket makes the record of a bucket, and says what is to be carried on.
func (o *Outbox) settleBucket(b *bucket, now time.Time) (*Record, []share, error) {
	a, terms := b.account, o.cfg.termsOf(b.account.key)
	r := &Record{ID: RecordID{b.hour, a.id}, Key: a.key, FrozenAt: now.UTC(), Fate: Fate{State: Pending}}
	r.Timestamp = b.hour.Start().Add(time.Duration(min(b.latest, b.hour.secondOf(now))) * time.Second)
	r.Deadline = o.cfg.Window.Deadline(r.Timestamp)
	r.Note = Note{
		Events: b.Events, Told: b.Told, LateEvents: b.LateEvents, LateTold: b.LateTold,
		CarriedIn: b.CarriedIn, CreditIn: a.frozen.Credit, CreditOut: a.frozen.Credit, Per: terms.Per,
	}
	if !r.Deadline.After(now.Add(billMargin)) {
		r.void(now)
		r.Note.CarriedOut = b.amount()
		return r, b.shares(), nil
	}
	made, err := dues{b.shares(), a.frozen.Credit, a.included(b.hour.month(), terms), terms.Per}.settle()
	if err != nil {
		return nil, nil, err
	}
	if r.Allocations, err = allocations(made.taken); err != nil {
		return nil, nil, err
	}
	r.Quantity, r.Note.CreditOut, r.Note.Included = made.quantity, made.credit, made.included
	for _, s := range made.rest {
		r.Note.CarriedOut += s.amount
	}
	if r.Quantity == 0 && !b.wanted {
		r.void(now)
	}
	return r, made.rest, nil
}

func (r *Record) void(now time.Time) { r.Fate = Fate{State: Void, SettledAt: now.UTC()} }

// successor is the hour that what a bucket cannot bill is meant for: the next,
// or for what waited for usage to come the one with that usage.
func (o *Outbox) successor(b *bucket, now time.Time) Hour {
	if !b.idle(o.cfg.termsOf(b.account.key).Per) {
		return b.hour + 1
	}
	h := max(b.hour+1, HourOf(now))
	for _, other := range b.account.open {
		if other.hour > b.hour {
			h = min(h, other.hour)
		}
	}
	return h
}

// carry adds shares to the first hour that takes them.
func (g *group) carry(a *account, from Hour, rest []share, now time.Time) error {
	if len(rest) == 0 {
		return nil
	}
	h, err := g.o.openHour(a, from, now)
	if err != nil {
		return err
	}
	for _, s := range rest {
		g.count(a, addition{kind: carried, hour: h, at: h.secondOf(now), quantity: s.amount, tags: s.tags})
	}
	return nil
}

// keep stages the row of an account.
func (g *group) keep(a *account) {
	g.key = appendWord(g.key[:0], accountTable, uint32(a.id))
	g.set(appendAccount(g.value[:0], a))
}
