package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Forgotten says how much Forget dropped.
type Forgotten struct{ Events, Records int }

// Forget drops the ids of events that need not be remembered any more, and the
// records that need not be kept. Records that are pending or dead stay. The
// amounts of what is dropped stay in the totals of its key, so that Check still
// adds up. Call it about once a day.
func (o *Outbox) Forget(ctx context.Context, now time.Time) (f Forgotten, err error) {
	select {
	case <-o.filtered: // A generation must not be dropped while it is read.
	case <-ctx.Done():
		return f, ctx.Err()
	}
	for more := true; more && err == nil; {
		more, err = o.forgetStep(ctx, now, &f.Events, (*group).forgetClaims)
	}
	from := []byte{recordTable}
	for more := true; more && err == nil; {
		more, err = o.forgetStep(ctx, now, &f.Records, func(g *group, now time.Time) (int, bool, error) {
			return g.forgetRecords(&from, now)
		})
	}
	if err != nil {
		return f, fmt.Errorf("forgetting: %w", err)
	}
	return f, nil
}

// forgetStep makes a step, adds to count how much was dropped, and reports
// whether there may be more.
func (o *Outbox) forgetStep(ctx context.Context, now time.Time, count *int, step func(*group, time.Time) (int, bool, error)) (more bool, err error) {
	n := 0
	err = o.change(ctx, now, func(g *group) error {
		n, more, err = step(g, now)
		return err
	})
	if err == nil {
		*count += n
	}
	return more, err
}

// forgetClaims drops some claims of the oldest generation, if its time has come.
func (g *group) forgetClaims(now time.Time) (n int, more bool, err error) {
	o := g.o
	o.current(now) // May begin a generation, which ends the one before.
	if len(o.generations) < 2 || o.generations[1].start+days(o.cfg.Remember) > dayOf(now) {
		return 0, false, nil
	}
	prefix := appendWord(nil, claimTable, o.generations[0].start)
	it, err := o.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return 0, false, err
	}
	gone := make(map[keyID]Totals)
	end := prefix
	for ok := it.First(); ok && n < stepRows; ok = it.Next() {
		c, err := decodeAt(it, decodeClaim)
		if err == nil && !c.ofBatch() {
			_, err = o.accountOf(c.key)
		}
		if err != nil {
			return 0, false, errors.Join(fmt.Errorf("claim %x: %w", it.Key(), err), it.Close())
		}
		if !c.ofBatch() {
			t := gone[c.key]
			t.add(Totals{Events: 1, Told: c.quantity}, 1)
			gone[c.key] = t
		}
		end = append(bytes.Clone(it.Key()), 0)
		n++
	}
	if err := it.Close(); err != nil {
		return 0, false, err
	}
	for id, t := range gone {
		o.byID[id-1].unclaimed.add(t, 1)
		g.keep(o.byID[id-1])
	}
	if n > 0 {
		g.note(g.batch.DeleteRange(prefix, end, nil))
		return n, true, nil
	}
	o.generations[0].release()
	o.generations = o.generations[1:]
	return 0, true, nil
}

// forgetRecords drops some records from a place on, and moves that place.
func (g *group) forgetRecords(from *[]byte, now time.Time) (n int, more bool, err error) {
	upper := appendWord(nil, recordTable, uint32(HourOf(now.Add(-g.o.cfg.Keep))))
	if bytes.Compare(*from, upper) >= 0 {
		return 0, false, nil
	}
	it, err := g.o.db.NewIter(&pebble.IterOptions{LowerBound: *from, UpperBound: upper})
	if err != nil {
		return 0, false, err
	}
	var gone []Record
	rows := 0
	for ok := it.First(); ok && rows < stepRows; ok = it.Valid() {
		id, _, err := decodePlace(it.Key())
		var r Record
		if err == nil {
			r, err = decodeWhole(it, id)
		}
		if err == nil {
			_, err = g.o.accountOf(id.key)
		}
		if err != nil {
			return 0, false, errors.Join(err, it.Close())
		}
		rows++
		*from = appendRecordKey(nil, id, fateRow+1)
		if r.Fate.State != Pending && r.Fate.State != Dead {
			gone = append(gone, r)
		}
	}
	if err := it.Close(); err != nil {
		return 0, false, err
	}
	for i := range gone {
		g.forgetRecord(&gone[i])
	}
	return len(gone), rows > 0, nil
}

// forgetRecord drops a record. The log must end with it: what it says of the
// record's hour would count again if the record were not there.
func (g *group) forgetRecord(r *Record) {
	g.checkpointed = true
	for _, row := range []byte{frozenRow, fateRow} {
		g.key = appendRecordKey(g.key[:0], r.ID, row)
		g.remove()
	}
	a := g.o.byID[r.ID.key-1]
	a.gone.add(r.totals(), 1)
	g.keep(a)
}
