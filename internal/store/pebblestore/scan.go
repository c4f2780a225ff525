package pebblestore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// Lookup implements store.Store.
func (s *Store) Lookup(ctx context.Context, k store.Key) (store.Fact, bool, error) {
	if err := k.Kind.Check(); err != nil {
		return store.Fact{}, false, fmt.Errorf("looking up a fact: %w", err)
	}
	if err := s.enter(ctx); err != nil {
		return store.Fact{}, false, err
	}
	defer s.gate.Leave()
	key := appendFactKey(nil, k)
	if f, ok, err := s.backlog.lookup(s.hash(key), k, key); ok || err != nil {
		return f, ok, err
	}
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return store.Fact{}, false, nil
	}
	if err != nil {
		return store.Fact{}, false, fmt.Errorf("looking up a fact: %w", damage(err))
	}
	defer closer.Close()
	f, err := decodeWholeFact(key, value)
	if err != nil {
		return store.Fact{}, false, fmt.Errorf("looking up a fact: %w", err)
	}
	return f, true, nil
}

// Scan implements store.Store.
func (s *Store) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Fact, error] {
	if err := r.Kind.Check(); err != nil {
		return func(yield func(store.Fact, error) bool) {
			yield(store.Fact{}, fmt.Errorf("scanning facts: %w", err))
		}
	}
	from, to := appendHourKey(nil, r.Kind, r.FromHour), appendHourKey(nil, r.Kind, r.ToHour)
	if r.After != (store.Key{}) {
		// Nothing lies between a key and the same key with a zero behind it.
		if next := append(appendFactKey(nil, r.After), 0); bytes.Compare(next, from) > 0 {
			from = next
		}
	}
	return scan(ctx, s, func() (*cursor, error) { return s.factEntries(from, to) }, decodeWholeFact)
}

// decodeWholeFact copies what it decodes.
func decodeWholeFact(key, value []byte) (store.Fact, error) {
	k, err := decodeFactKey(key)
	if err != nil {
		return store.Fact{}, err
	}
	f, err := decodeFact(k, value)
	f.Detail = append([]byte(nil), f.Detail...)
	return f, err
}

// ScanCalls implements store.Store.
func (s *Store) ScanCalls(ctx context.Context, last store.CallID) iter.Seq2[store.Call, error] {
	from := append(appendCallKey(nil, last), 0)
	return scan(ctx, s, func() (*cursor, error) { return s.entries(from, []byte{callPrefix + 1}) }, decodeCall)
}

// Heads implements store.Store.
func (s *Store) Heads(ctx context.Context) ([]store.Head, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	heads, err := s.heads()
	if err != nil {
		return nil, fmt.Errorf("reading the newest calls: %w", damage(err))
	}
	return heads, nil
}

// heads reads the last call of each shard. There is more than one only in a
// ledger that was loaded from a database with several.
func (s *Store) heads() (heads []store.Head, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{callPrefix}, UpperBound: []byte{callPrefix + 1}})
	if err != nil {
		return nil, err
	}
	var call store.Call
	for ok := it.Last(); ok && err == nil; ok = it.SeekLT(appendCallKey(nil, store.NewCallID(call.ID.Shard(), 0))) {
		err = parseAt(it, &call)
		heads = append(heads, store.Head{Call: call.ID, Hash: call.Hash})
	}
	slices.Reverse(heads)
	return heads, cmp.Or(err, it.Error(), it.Close())
}

// readHead reads the last call of a shard, or what the first one comes behind.
func (s *Store) readHead(shard uint16) (store.Head, error) {
	from, to := shardKeys(shard)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return store.Head{}, err
	}
	head := store.Head{Call: store.NewCallID(shard, 0), Hash: audit.Genesis}
	if it.Last() {
		var call store.Call
		err = parseAt(it, &call)
		head = store.Head{Call: call.ID, Hash: call.Hash}
	}
	return head, cmp.Or(err, it.Error(), it.Close())
}

// scan yields what decode makes of the entries that open finds. It sees them as
// they were when the loop began.
func scan[T any](
	ctx context.Context, s *Store, open func() (*cursor, error), decode func(key, value []byte) (T, error),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := s.enter(ctx); err != nil {
			yield(none, err)
			return
		}
		defer s.gate.Leave()
		c, err := open()
		if err != nil {
			yield(none, fmt.Errorf("scanning ledger: %w", damage(err)))
			return
		}
		defer c.it.Close()
		for ; !c.done(); c.next() {
			item, err := scanOne(ctx, s, c, decode)
			if err != nil {
				yield(none, err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
		if err := c.it.Error(); err != nil {
			yield(none, fmt.Errorf("scanning ledger: %w", damage(err)))
		}
	}
}

// scanOne decodes the entry at which a cursor stands, unless the scan is to end.
func scanOne[T any](
	ctx context.Context, s *Store, c *cursor, decode func(key, value []byte) (T, error),
) (item T, err error) {
	if err := ctx.Err(); err != nil {
		return item, err
	}
	if s.gate.IsClosed() {
		return item, store.ErrClosed
	}
	key, value, err := c.entry()
	if err == nil {
		item, err = decode(key, value)
	}
	if err != nil {
		return item, fmt.Errorf("scanning ledger at %x: %w", key, damage(err))
	}
	return item, nil
}

// after is the first key behind all that begin with prefix.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; ; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
}
