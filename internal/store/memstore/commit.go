package memstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, r *store.Request) error {
	r.Decisions, r.CallID = r.Decisions[:0], 0
	for i := range r.Facts {
		if err := r.Facts[i].Key.Kind.Check(); err != nil {
			return fmt.Errorf("committing fact %d: %w", i, err)
		}
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()

	last := s.head(0)
	r.CallID = last.Call + 1
	call := store.Call{ID: r.CallID, At: r.At, Entry: bytes.Clone(r.Call), Guarded: r.Guarded}
	for i := range r.Facts {
		d := store.Decision{Outcome: store.Skipped}
		if i == 0 || !r.Guarded || r.Decisions[0].Outcome != store.Conflict {
			d = s.decide(&r.Facts[i], r.At, r.CallID)
		}
		r.Decisions = append(r.Decisions, d)
		call.Facts = append(call.Facts, told(&r.Facts[i], r.CallID))
		call.Outcomes = append(call.Outcomes, d.Outcome)
		s.payload += len(r.Facts[i].Detail)
	}
	call.Hash = call.Link(last.Hash)
	s.append(call)
	s.payload += len(r.Call) + len(r.Facts)*(itemBytes+1)
	return nil
}

// append puts a call behind the last one of its shard.
func (s *Store) append(call store.Call) {
	s.calls = slices.Insert(s.calls, s.end(call.ID.Shard()), call)
}

// told is a copy of a fact that a call tells.
func told(f *store.Fact, call store.CallID) store.Fact {
	fact := *f
	fact.Detail = bytes.Clone(f.Detail)
	fact.Call = call
	return fact
}

// end is where the calls of a shard end.
func (s *Store) end(shard uint16) int {
	end, _ := slices.BinarySearchFunc(s.calls, shard, func(c store.Call, shard uint16) int {
		if c.ID.Shard() <= shard {
			return -1
		}
		return 1
	})
	return end
}

// head is the last call of a shard, or what the first one comes behind.
func (s *Store) head(shard uint16) store.Head {
	if end := s.end(shard); end > 0 && s.calls[end-1].ID.Shard() == shard {
		return store.Head{Call: s.calls[end-1].ID, Hash: s.calls[end-1].Hash}
	}
	return store.Head{Call: store.NewCallID(shard, 0), Hash: audit.Genesis}
}

// decide compares one fact with what stands at its key, and remembers it if
// nothing does.
func (s *Store) decide(f *store.Fact, at int64, call store.CallID) store.Decision {
	standing, ok := s.facts[f.Key]
	if !ok || !standing.StandsAt(at) {
		s.facts[f.Key] = told(f, call)
		s.payload += len(f.Detail) - len(standing.Detail)
		return store.Decision{Outcome: store.Created, Quantity: f.Quantity, Call: call}
	}
	d := store.Decision{Outcome: store.Conflict, Quantity: standing.Quantity, Call: standing.Call}
	if standing.Quantity == f.Quantity && bytes.Equal(standing.Detail, f.Detail) {
		d.Outcome = store.Same
	}
	return d
}

// Lookup implements store.Store.
func (s *Store) Lookup(ctx context.Context, k store.Key) (store.Fact, bool, error) {
	if err := k.Kind.Check(); err != nil {
		return store.Fact{}, false, fmt.Errorf("looking up a fact: %w", err)
	}
	if err := s.enter(ctx); err != nil {
		return store.Fact{}, false, err
	}
	defer s.mu.Unlock()
	f, ok := s.facts[k]
	f.Detail = slices.Clone(f.Detail)
	return f, ok, nil
}
