package outbox

import (
	"context"
	"fmt"
	"hash/maphash"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/metering"
)

// Report is what Check found.
type Report struct {
	Keys, Events, Records, OpenHours int64
	// Totals are those of all keys together.
	Totals Totals
	// Problems are what does not add up, in plain words; at most 100.
	Problems []string
}

// Check proves that nothing was lost or counted twice: for each key, what the
// claimed ids stand for is what open hours, credit, and records hold, and each
// record's note explains its quantity. It reads everything, as it was when it
// began, from the disk and not from memory; writing goes on.
//
// An error means that the outbox could not be read. What does not add up is in
// the report.
func (o *Outbox) Check(ctx context.Context) (Report, error) {
	if err := o.enter(ctx); err != nil {
		return Report{}, err
	}
	defer o.gate.Leave()
	snapshot := o.db.NewSnapshot()
	defer snapshot.Close()
	c := &checker{from: snapshot, state: &Outbox{state: newState()}}
	if err := (&loader{c.state, snapshot}).load(); err != nil {
		return Report{}, fmt.Errorf("checking outbox: %w", err)
	}
	c.claimed = make([]Totals, len(c.state.byID))
	c.settled = make([]Totals, len(c.state.byID))
	c.counted = make([]counts, len(c.state.byID))
	for _, part := range []func(context.Context, *Outbox) error{c.claims, c.records, c.lists} {
		if err := part(ctx, o); err != nil {
			return Report{}, fmt.Errorf("checking outbox: %w", err)
		}
	}
	for _, a := range c.state.byID {
		c.account(a)
	}
	return c.report, nil
}

// checker compares what was counted with what it was counted from.
type checker struct {
	from pebble.Reader
	// state is an outbox that is not open, with the state of the snapshot.
	state  *Outbox
	report Report

	// By key, at id - 1: what its claims and its records come to.
	claimed, settled []Totals
	counted          []counts
	// pending and dead are sums of hashes of the places that records should
	// have in the lists; adding is blind to order.
	pending, dead uint64
}

func (c *checker) problem(format string, args ...any) {
	if len(c.report.Problems) < problemsMax {
		c.report.Problems = append(c.report.Problems, fmt.Sprintf(format, args...))
	}
}

func (c *checker) claims(ctx context.Context, o *Outbox) error {
	decode := func(_, value []byte) (claim, error) { return decodeClaim(value) }
	for claim, err := range scan(ctx, o, c.from, []byte{claimTable}, []byte{claimTable + 1}, decode) {
		if err != nil {
			return err
		}
		if claim.ofBatch() {
			continue // What it stands for is in the accounts.
		}
		if _, err := c.state.accountOf(claim.key); err != nil {
			c.problem("an event is claimed, but %v", err)
			continue
		}
		c.claimed[claim.key-1].add(Totals{Events: 1, Told: claim.quantity}, 1)
	}
	return nil
}

func (c *checker) records(ctx context.Context, o *Outbox) error {
	for r, err := range o.scanRecords(ctx, c.from, 0, 0, nil) {
		if err != nil {
			return err
		}
		if _, err := c.state.accountOf(r.ID.key); err != nil {
			c.problem("record %s: %v", r.ID, err)
			continue
		}
		c.report.Records++
		c.record(&r)
		i := r.ID.key - 1
		c.settled[i].add(r.totals(), 1)
		n := r.counts()
		c.counted[i].pending += n.pending
		c.counted[i].dead += n.dead
		switch r.Fate.State {
		case Pending:
			c.pending += hashPlace(appendQueueKey(nil, r.Deadline, r.ID))
		case Dead:
			c.dead += hashPlace(appendPlace(nil, deadTable, r.ID))
		}
	}
	return nil
}

func hashPlace(key []byte) uint64 { return maphash.Bytes(hashSeed, key) }

// record checks what can be told from a record alone.
func (c *checker) record(r *Record) {
	if r.Quantity < 0 || r.Quantity > QuantityMax {
		c.problem("record %s has the quantity %d", r.ID, r.Quantity)
	}
	if HourOf(r.Timestamp) != r.ID.Hour {
		c.problem("record %s has the timestamp %s", r.ID, metering.ShowTime(r.Timestamp))
	}
	if !r.balanced() {
		c.problem("record %s has the quantity %d, which its note does not explain: %+v", r.ID, r.Quantity, r.Note)
	}
	if refusal := metering.CheckAllocations(r.Quantity, r.Allocations, AllocationsMax); refusal != nil {
		c.problem("record %s: %s", r.ID, refusal.Detail)
	}
	if c.state.open[r.ID.Hour][r.ID.key] != nil {
		c.problem("record %s is of an hour that is still open", r.ID)
	}
}

// lists compares the queue and the list of dead letters with the records.
func (c *checker) lists(ctx context.Context, o *Outbox) error {
	for _, list := range []struct {
		name  string
		table byte
		want  uint64
	}{
		{"queue", queueTable, c.pending},
		{"list of dead letters", deadTable, c.dead},
	} {
		got := uint64(0)
		hash := func(key, _ []byte) (uint64, error) { return hashPlace(key), nil }
		for h, err := range scan(ctx, o, c.from, []byte{list.table}, []byte{list.table + 1}, hash) {
			if err != nil {
				return err
			}
			got += h
		}
		if got != list.want {
			c.problem("the %s does not hold the records that it should", list.name)
		}
	}
	return nil
}

// account checks that a key's totals are what its claims, records and open hours
// come to.
func (c *checker) account(a *account) {
	claimed, settled := c.claimed[a.id-1], c.settled[a.id-1]
	claimed.add(a.unclaimed, 1)
	settled.add(a.gone, 1)
	handed := int64(0)
	for _, b := range a.open {
		handed += b.CarriedIn
		if err := b.check(); err != nil {
			c.problem("%v", err)
		}
	}
	totals := a.totals()
	c.report.Keys++
	c.report.OpenHours += int64(len(a.open))
	c.report.Events += totals.Events
	c.report.Totals.add(totals, 1)
	for _, test := range []struct {
		what      string
		got, want any
	}{
		{"events claimed", claimed.Events, totals.Events},
		{"amount claimed", claimed.Told, totals.Told},
		{"totals of records", settled, a.frozen},
		{"numbers of records", c.counted[a.id-1], a.counts},
		{"carried to open hours", handed, a.frozen.Open},
		{"balanced", totals.Balanced(), true},
	} {
		if test.got != test.want {
			c.problem("%s: %s: %+v, but %+v stands there", a.key, test.what, test.got, test.want)
		}
	}
}
