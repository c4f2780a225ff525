package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

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
	defer s.gate.leave()
	// What needs no knowledge of other calls is done here, where many can do
	// it at a time, and not by the committer.
	told := store.AppendTold(nil, r)
	digest := audit.DigestOf(told)
	err := s.write(ctx, s.grouped, func(g *group) error { return g.commit(r, told, digest) })
	if err != nil {
		r.Decisions, r.CallID = r.Decisions[:0], 0
	}
	return err
}

// commit stages a request: its new facts and its call.
func (g *group) commit(r *store.Request, told []byte, digest audit.Digest) error {
	r.CallID = g.head.Call + 1
	g.head = store.Head{Call: r.CallID, Hash: audit.Link(g.head.Hash, uint64(r.CallID), digest)}
	for i := range r.Facts {
		var guard store.Outcome
		if r.Guarded && i > 0 {
			guard = r.Decisions[0].Outcome
		}
		var d store.Decision
		switch guard {
		case store.Conflict:
			d.Outcome = store.Skipped
		case store.Faulted:
			// Nobody knows what the guard would have said.
			d.Outcome = store.Faulted
		default:
			d = g.decide(&r.Facts[i], r.At)
		}
		r.Decisions = append(r.Decisions, d)
	}
	g.key = appendCallKey(g.key[:0], r.CallID)
	g.value = appendCall(g.value[:0], g.head.Hash, r.Decisions, told)
	g.set()
	g.requests++
	g.facts += len(r.Facts)
	return nil
}

// decide compares one fact with what stands at its key, and stages it if
// nothing does.
func (g *group) decide(told *store.Fact, at int64) store.Decision {
	d, err := g.compare(told, at)
	if err != nil {
		g.s.log.Error("a fact could not be read; its request is told so", "kind", string(told.Key.Kind), "error", err)
		return store.Decision{Outcome: store.Faulted}
	}
	if d.Outcome != store.Created {
		return d
	}
	fact := *told
	fact.Call = g.head.Call
	g.created[told.Key] = fact
	g.key = appendFactKey(g.key[:0], told.Key)
	g.value = appendFact(g.value[:0], &fact)
	g.set()
	return store.Decision{Outcome: store.Created, Quantity: told.Quantity, Call: g.head.Call}
}

// compare finds out what stands at a fact's key. Created means that nothing
// does.
func (g *group) compare(told *store.Fact, at int64) (store.Decision, error) {
	if fact, ok := g.created[told.Key]; ok {
		return judge(&fact, told, at), nil
	}
	g.key = appendFactKey(g.key[:0], told.Key)
	value, closer, err := g.s.db.Get(g.key)
	if errors.Is(err, pebble.ErrNotFound) {
		return store.Decision{Outcome: store.Created}, nil
	}
	if err != nil {
		return store.Decision{}, err
	}
	defer closer.Close()
	fact, err := decodeFact(told.Key, value)
	if err != nil {
		return store.Decision{}, err
	}
	return judge(&fact, told, at), nil
}

// judge compares a fact with the one that was told last at the same key.
func judge(last, told *store.Fact, at int64) store.Decision {
	switch {
	case !last.StandsAt(at):
		return store.Decision{Outcome: store.Created}
	case last.Quantity == told.Quantity && bytes.Equal(last.Detail, told.Detail):
		return store.Decision{Outcome: store.Same, Quantity: last.Quantity, Call: last.Call}
	}
	return store.Decision{Outcome: store.Conflict, Quantity: last.Quantity, Call: last.Call}
}
