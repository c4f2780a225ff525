package scripts

import (
	"context"
	"slices"

	"github.com/meterd/meterd/internal/store"
)

// faultyStore is a store that meets a fault with the usage of chosen parties,
// as a disk may that fails in places: such facts are not remembered, and the
// others are.
type faultyStore struct {
	store.Store
	faulted []store.NameID
}

func (s *faultyStore) setFaults(ctx context.Context, parties []string) error {
	s.faulted = make([]store.NameID, len(parties))
	return s.Intern(ctx, parties, s.faulted)
}

// Commit implements store.Store.
func (s *faultyStore) Commit(ctx context.Context, r *store.Request) error {
	sound := *r
	sound.Facts, sound.Decisions = nil, nil
	for _, f := range r.Facts {
		if !s.fails(f) {
			sound.Facts = append(sound.Facts, f)
		}
	}
	r.Decisions, r.CallID = r.Decisions[:0], 0
	if err := s.Store.Commit(ctx, &sound); err != nil {
		return err
	}
	r.CallID = sound.CallID
	for _, f := range r.Facts {
		decision := store.Decision{Outcome: store.Faulted}
		if !s.fails(f) {
			decision, sound.Decisions = sound.Decisions[0], sound.Decisions[1:]
		}
		r.Decisions = append(r.Decisions, decision)
	}
	return nil
}

func (s *faultyStore) fails(f store.Fact) bool { return slices.Contains(s.faulted, f.Key.Party) }
