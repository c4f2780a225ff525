package memstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"

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

	r.CallID = store.CallID(len(s.calls) + 1)
	outcomes := make([]store.Outcome, 0, len(r.Facts))
	for i := range r.Facts {
		d := store.Decision{Outcome: store.Skipped}
		if i == 0 || !r.Guarded || r.Decisions[0].Outcome != store.Conflict {
			d = s.decide(&r.Facts[i], r.At, r.CallID)
		}
		r.Decisions = append(r.Decisions, d)
		outcomes = append(outcomes, d.Outcome)
	}
	s.calls = append(s.calls, store.Call{
		ID:       r.CallID,
		At:       r.At,
		Entry:    bytes.Clone(r.Call),
		Outcomes: outcomes,
	})
	s.payload += len(r.Call) + len(outcomes)
	return nil
}

// decide compares one fact with what stands at its key, and remembers it if
// nothing does.
func (s *Store) decide(told *store.Fact, at int64, call store.CallID) store.Decision {
	standing, ok := s.facts[told.Key]
	if !ok || !standing.StandsAt(at) {
		fact := *told
		fact.Detail = bytes.Clone(told.Detail)
		fact.Call = call
		s.facts[told.Key] = fact
		s.payload += len(fact.Detail) - len(standing.Detail)
		return store.Decision{Outcome: store.Created, Quantity: fact.Quantity, Call: call}
	}
	d := store.Decision{Outcome: store.Conflict, Quantity: standing.Quantity, Call: standing.Call}
	if standing.Quantity == told.Quantity && bytes.Equal(standing.Detail, told.Detail) {
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
