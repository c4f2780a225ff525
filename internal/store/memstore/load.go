package memstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/meterd/meterd/internal/store"
)

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, calls []store.Call, facts []store.Fact) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for i := range facts {
		if err := facts[i].Key.Kind.Check(); err != nil {
			return fmt.Errorf("loading fact %d: %w", i, err)
		}
	}
	ends := map[uint16]store.CallID{}
	for i := range calls {
		id := calls[i].ID
		last, ok := ends[id.Shard()]
		if !ok {
			last = s.head(id.Shard()).Call
		}
		if id.Seq() == 0 || last.Seq() != 0 && id != last+1 {
			return fmt.Errorf("loading call %s behind %s: %w", id, last, store.ErrGap)
		}
		ends[id.Shard()] = id
	}
	for i := range calls {
		s.append(clone(calls[i]))
		s.payload += len(calls[i].Entry) + len(calls[i].Facts)*(itemBytes+1)
	}
	for _, f := range facts {
		f.Detail = bytes.Clone(f.Detail)
		s.facts[f.Key] = f
		s.payload += len(f.Detail)
	}
	return nil
}

// DropCalls implements store.Store.
func (s *Store) DropCalls(ctx context.Context, upTo store.CallID) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	newest := s.head(upTo.Shard()).Call
	s.calls = slices.DeleteFunc(s.calls, func(c store.Call) bool {
		drop := c.ID.Shard() == upTo.Shard() && c.ID <= upTo && c.ID != newest
		if drop {
			s.payload -= len(c.Entry) + len(c.Facts)*(itemBytes+1)
		}
		return drop
	})
	return nil
}
