package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Account is what an outbox knows of a key.
type Account struct {
	Key    Key
	Totals Totals
	// Pending and Dead are numbers of records.
	Pending, Dead int64
	// Open are the hours that are not frozen, oldest first.
	Open []OpenHour
	// Last is the latest hour with a record, 0 if there is none.
	Last Hour
	// ClosedAt is when CloseCustomer last closed it, if ever.
	ClosedAt time.Time
}

// OpenHour is an hour of a key that is not frozen.
type OpenHour struct {
	Hour Hour
	// Amount is Told and CarriedIn together.
	Amount int64
	// The others are what the record's note will say.
	Events, Told, LateEvents, LateTold, CarriedIn int64
}

// Accounts returns the accounts of a product and customer, all if both are zero,
// ordered by key.
func (o *Outbox) Accounts(product metering.ProductCode, c Customer) []Account {
	chosen := o.chosen(Filter{Product: product, Customer: c})
	o.mu.RLock()
	defer o.mu.RUnlock()
	var list []Account
	for _, a := range o.byID {
		if _, ok := slices.BinarySearch(chosen, a.id); ok || chosen == nil {
			list = append(list, a.view())
		}
	}
	slices.SortFunc(list, func(a, b Account) int { return compareKeys(a.Key, b.Key) })
	return list
}

func (a *account) view() Account {
	view := Account{Key: a.key, Totals: a.totals(), Pending: a.counts.pending, Dead: a.counts.dead, Last: a.last, ClosedAt: a.closedAt}
	for _, b := range a.open {
		view.Open = append(view.Open, OpenHour{b.hour, b.amount(), b.Events, b.Told, b.LateEvents, b.LateTold, b.CarriedIn})
	}
	slices.SortFunc(view.Open, func(x, y OpenHour) int { return int(x.Hour) - int(y.Hour) })
	return view
}

// Stats is how an outbox is.
type Stats struct {
	// Keys, OpenHours and OpenSums count against KeysMax and OpenSumsMax.
	Keys, OpenHours, OpenSums int
	// Pending and Dead are numbers of records.
	Pending, Dead int64
	// Totals are those of all keys together. Amounts of different dimensions
	// are added up, so they are good for comparing with one another only.
	Totals Totals
	// NextDeadline is the nearest deadline of a pending record, and
	// OldestPending that record's timestamp. Zero if nothing is pending.
	NextDeadline, OldestPending time.Time
	// DiskBytes is the size of the directory.
	DiskBytes uint64
	// Waiting is how many calls of Add wait for the committer.
	Waiting int
	// Stopped says why the outbox accepts nothing any more, if so.
	Stopped error
	// NoRoom says why it accepts no events at the moment, if so.
	NoRoom error
}

// Stats returns how the outbox is. It looks at every key.
func (o *Outbox) Stats(ctx context.Context) (Stats, error) {
	if err := o.enter(ctx); err != nil {
		return Stats{}, err
	}
	defer o.gate.Leave()
	s := Stats{Waiting: len(o.grouped), Stopped: o.refusal(), NoRoom: o.checkRoom(), DiskBytes: o.diskBytes()}
	o.mu.RLock()
	s.Keys, s.OpenSums = len(o.byID), o.sums
	for _, a := range o.byID {
		s.OpenHours += len(a.open)
		s.Pending += a.counts.pending
		s.Dead += a.counts.dead
		s.Totals.add(a.totals(), 1)
	}
	o.mu.RUnlock()
	for e, err := range o.queued(ctx, time.Time{}) {
		if err == nil {
			var r Record
			r, err = readRecord(o.db, e.id)
			s.NextDeadline, s.OldestPending = e.deadline, r.Timestamp
		}
		if err != nil {
			return Stats{}, fmt.Errorf("reading the queue: %w", err)
		}
		break
	}
	return s, nil
}

func (o *Outbox) diskBytes() uint64 {
	m := o.db.Metrics()
	bytes := m.DiskSpaceUsage()
	if m.WAL.Size > m.WAL.PhysicalSize {
		// Pebble counts a log at the size that it had when it was begun.
		bytes += m.WAL.Size - m.WAL.PhysicalSize
	}
	return bytes
}
