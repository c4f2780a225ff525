package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/metering"
)

// Filter chooses records. The zero value chooses all.
type Filter struct {
	// Product and Customer, if not zero, must be those of the record.
	Product  metering.ProductCode
	Customer Customer
	// From and To are the first and last hour; a To of 0 is no end.
	From, To Hour
	// State, if not empty, must be that of the record.
	State State
}

// Record returns one record, or ErrNoRecord.
func (o *Outbox) Record(ctx context.Context, id RecordID) (Record, error) {
	if err := o.enter(ctx); err != nil {
		return Record{}, err
	}
	defer o.gate.Leave()
	r, err := readRecord(o.db, id)
	if err != nil {
		return Record{}, fmt.Errorf("reading record %s: %w", id, err)
	}
	r.Key, err = o.keyOf(id.key)
	return r, err
}

// Records yields records by hour, and within it by key. It sees the outbox as it
// was when the loop began.
func (o *Outbox) Records(ctx context.Context, f Filter) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for r, err := range o.scanRecords(ctx, o.db, f.From, f.To, o.chosen(f)) {
			if err == nil && f.State != "" && r.Fate.State != f.State {
				continue
			}
			if err == nil {
				r.Key, err = o.keyOf(r.ID.key)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// chosen are the keys that a filter asks for, in order; nil is all.
func (o *Outbox) chosen(f Filter) []keyID {
	if f.Product == "" && f.Customer == (Customer{}) {
		return nil
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	chosen := []keyID{}
	list := o.byID
	if f.Customer != (Customer{}) {
		list = o.byCustomer[f.Customer]
	}
	for _, a := range list {
		if f.Product == "" || f.Product == a.key.Product {
			chosen = append(chosen, a.id)
		}
	}
	return chosen
}

// keyOf returns the names of a key.
func (o *Outbox) keyOf(id keyID) (Key, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a, err := o.accountOf(id)
	if err != nil {
		return Key{}, err
	}
	return a.key, nil
}

// accountOf returns the account of a key that stands in a row. The caller holds
// the lock.
func (o *Outbox) accountOf(id keyID) (*account, error) {
	if id == 0 || int(id) > len(o.byID) {
		return nil, fmt.Errorf("key %d is unknown: %w", id, errDamaged)
	}
	return o.byID[id-1], nil
}

// records reads records for the committer, which holds the lock. Those that do
// not exist are left out.
func (g *group) records(ids []RecordID) (map[RecordID]*Record, error) {
	records := make(map[RecordID]*Record, len(ids))
	for _, id := range ids {
		r, err := readRecord(g.o.db, id)
		if errors.Is(err, ErrNoRecord) {
			continue
		}
		var a *account
		if err == nil {
			a, err = g.o.accountOf(id.key)
		}
		if err != nil {
			return nil, fmt.Errorf("reading record %s: %w", id, err)
		}
		r.Key = a.key
		records[id] = &r
	}
	return records, nil
}

// readRecord reads a record without the names of its key.
func readRecord(from pebble.Reader, id RecordID) (Record, error) {
	r, err := get(from, appendRecordKey(nil, id, frozenRow), decodeFrozen)
	if isNotFound(err) {
		return Record{}, ErrNoRecord
	}
	if err != nil {
		return Record{}, err
	}
	r.ID = id
	fate, err := get(from, appendRecordKey(nil, id, fateRow), decodeFate)
	if err == nil {
		r.Fate = fate
	} else if !isNotFound(err) {
		return Record{}, err
	}
	return r, nil
}

// scanRecords yields records of some keys, or all if that is nil, without the
// names. Few keys are found by seeking, so that the others cost nothing.
func (o *Outbox) scanRecords(ctx context.Context, from pebble.Reader, first, last Hour, keys []keyID) iter.Seq2[Record, error] {
	upper := []byte{recordTable + 1}
	if last > 0 && last+1 > last {
		upper = appendWord(nil, recordTable, uint32(last+1))
	}
	lower := appendWord(nil, recordTable, uint32(first))
	return iterate(ctx, o, from, lower, upper, func(it *pebble.Iterator, yield func(Record, error) bool) bool {
		id, row, err := decodePlace(it.Key()[:max(len(it.Key())-1, 0)])
		if err == nil && len(row) > 0 {
			err = fmt.Errorf("key %x: %w", it.Key(), errDamaged)
		}
		if next := nextOf(keys, id); err == nil && next != id {
			return it.SeekGE(appendPlace(nil, recordTable, next))
		}
		var r Record
		if err == nil {
			r, err = decodeWhole(it, id)
		}
		return yield(r, err) && err == nil && it.Valid()
	})
}

// nextOf returns the first place from id on whose key is among the keys.
func nextOf(keys []keyID, id RecordID) RecordID {
	if keys == nil {
		return id
	}
	i, _ := slices.BinarySearch(keys, id.key)
	switch {
	case i < len(keys):
		return RecordID{id.Hour, keys[i]}
	case len(keys) == 0:
		return RecordID{^Hour(0), ^keyID(0)}
	}
	return RecordID{id.Hour + 1, keys[0]}
}

// decodeWhole reads the rows of a record, and leaves the iterator behind them.
func decodeWhole(it *pebble.Iterator, id RecordID) (Record, error) {
	r, err := decodeAt(it, decodeFrozen)
	if err != nil {
		return Record{}, fmt.Errorf("record %s: %w", id, err)
	}
	r.ID = id
	if it.Next() && bytes.Equal(it.Key(), appendRecordKey(nil, id, fateRow)) {
		if r.Fate, err = decodeAt(it, decodeFate); err != nil {
			return Record{}, fmt.Errorf("fate of record %s: %w", id, err)
		}
		it.Next()
	}
	return r, nil
}

func decodeAt[T any](it *pebble.Iterator, decode func([]byte) (T, error)) (item T, err error) {
	value, err := it.ValueAndErr()
	if err != nil {
		return item, err
	}
	return decode(value)
}

// scan yields what decode makes of the entries from one key to before another.
func scan[T any](ctx context.Context, o *Outbox, from pebble.Reader, lower, upper []byte, decode func(key, value []byte) (T, error)) iter.Seq2[T, error] {
	return iterate(ctx, o, from, lower, upper, func(it *pebble.Iterator, yield func(T, error) bool) bool {
		var item T
		value, err := it.ValueAndErr()
		if err == nil {
			item, err = decode(it.Key(), value)
		}
		if err != nil {
			err = fmt.Errorf("reading %x: %w", it.Key(), err)
		}
		return yield(item, err) && err == nil && it.Next()
	})
}

// iterate calls step at every place from one key to before another, until step,
// which moves on, reports that there is no more. It sees the database as it was
// when the loop began.
func iterate[T any](
	ctx context.Context, o *Outbox, from pebble.Reader, lower, upper []byte,
	step func(*pebble.Iterator, func(T, error) bool) bool,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := o.enter(ctx); err != nil {
			yield(none, err)
			return
		}
		defer o.gate.Leave()
		if bytes.Compare(lower, upper) >= 0 {
			return
		}
		it, err := from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
		if err != nil {
			yield(none, fmt.Errorf("reading the outbox: %w", err))
			return
		}
		defer it.Close()
		stopped := false
		watched := func(item T, err error) bool {
			stopped = !yield(item, err) || err != nil
			return !stopped
		}
		for more := it.First(); more && !stopped; {
			if err := o.goOn(ctx); err != nil {
				yield(none, err)
				return
			}
			more = step(it, watched)
		}
		if err := it.Error(); err != nil && !stopped {
			yield(none, fmt.Errorf("reading the outbox: %w", err))
		}
	}
}

// goOn says why a loop is to end, if it is.
func (o *Outbox) goOn(ctx context.Context) error {
	if o.gate.IsClosed() {
		return ErrClosed
	}
	return ctx.Err()
}

// get reads one entry.
func get[T any](from pebble.Reader, key []byte, decode func([]byte) (T, error)) (item T, err error) {
	value, closer, err := from.Get(key)
	if err != nil {
		return item, err
	}
	item, err = decode(value)
	return item, errors.Join(err, closer.Close())
}

func isNotFound(err error) bool { return errors.Is(err, pebble.ErrNotFound) }

func decodeNothing([]byte) (struct{}, error) { return struct{}{}, nil }

// after is the first key behind all that begin with prefix.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; ; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
}
