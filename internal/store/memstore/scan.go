package memstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/meterd/meterd/internal/store"
)

// Scan implements store.Store.
func (s *Store) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Fact, error] {
	return scan(ctx, s, func() ([]store.Fact, error) {
		if err := r.Kind.Check(); err != nil {
			return nil, fmt.Errorf("scanning facts: %w", err)
		}
		var facts []store.Fact
		for k, f := range s.facts {
			if k.Kind == r.Kind && r.FromHour <= k.Hour && k.Hour < r.ToHour && k.Compare(r.After) > 0 {
				f.Detail = bytes.Clone(f.Detail)
				facts = append(facts, f)
			}
		}
		slices.SortFunc(facts, func(a, b store.Fact) int { return a.Key.Compare(b.Key) })
		return facts, nil
	})
}

// ScanCalls implements store.Store.
func (s *Store) ScanCalls(ctx context.Context, after store.CallID) iter.Seq2[store.Call, error] {
	return scan(ctx, s, func() ([]store.Call, error) {
		var calls []store.Call
		for _, c := range s.calls {
			if c.ID > after {
				c = clone(c)
				calls = append(calls, c)
			}
		}
		return calls, nil
	})
}

// clone copies a call with all that lies behind it.
func clone(c store.Call) store.Call {
	c.Entry = bytes.Clone(c.Entry)
	c.Facts = slices.Clone(c.Facts)
	for i := range c.Facts {
		c.Facts[i].Detail = bytes.Clone(c.Facts[i].Detail)
	}
	c.Outcomes = slices.Clone(c.Outcomes)
	return c
}

// Heads implements store.Store.
func (s *Store) Heads(ctx context.Context) ([]store.Head, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var heads []store.Head
	for end := len(s.calls); end > 0; {
		shard := s.calls[end-1].ID.Shard()
		heads = append(heads, s.head(shard))
		end, _ = slices.BinarySearchFunc(s.calls, store.NewCallID(shard, 0), func(c store.Call, id store.CallID) int {
			return cmp.Compare(c.ID, id)
		})
	}
	slices.Reverse(heads)
	return heads, nil
}

// Rows implements store.Store.
func (s *Store) Rows(ctx context.Context, table store.Table) iter.Seq2[store.Row, error] {
	return scan(ctx, s, func() ([]store.Row, error) {
		var rows []store.Row
		for _, r := range s.rows {
			if r.Table == table || table == store.AllTables {
				r.Value = bytes.Clone(r.Value)
				rows = append(rows, r)
			}
		}
		slices.SortFunc(rows, func(a, b store.Row) int {
			return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key))
		})
		return rows, nil
	})
}

// scan yields what collect finds. It collects under the lock and yields without
// it, so that the loop's body may use the store.
func scan[T any](ctx context.Context, s *Store, collect func() ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := s.enter(ctx); err != nil {
			yield(none, err)
			return
		}
		items, err := collect()
		s.mu.Unlock()
		if err != nil {
			yield(none, err)
			return
		}
		for _, item := range items {
			if err := s.enter(ctx); err != nil {
				yield(none, err)
				return
			}
			s.mu.Unlock()
			if !yield(item, nil) {
				return
			}
		}
	}
}
