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
	defer s.gate.Leave()
	j := jobs.Get().(*job)
	j.prepare(s, r)
	err := s.write(ctx, s.grouped, j)
	if err != nil {
		r.Decisions, r.CallID = r.Decisions[:0], 0
	}
	return err
}

// commit stages a request: its call, which tells all there is to know of its
// facts. The new ones come into the index later.
func (g *group) commit(j *job) error {
	r := j.request
	if g.crowded != nil && len(r.Facts) > 0 {
		return g.crowded
	}
	if err := g.short.refuses(r); err != nil {
		return err
	}
	r.CallID = g.head.Call + 1
	g.head = store.Head{Call: r.CallID, Hash: audit.Link(g.head.Hash, uint64(r.CallID), j.digest)}
	for i := range j.facts {
		f := &j.facts[i]
		f.isNew = g.s.filter.isNew(r.Facts[i].Key.Hour, f.hash, r.At)
	}
	g.decideAll(j)
	g.key = appendCallKey(g.key[:0], r.CallID)
	g.value = appendCall(g.value[:0], g.head.Hash, r.Decisions, j.told)
	g.set()
	g.requests++
	g.facts += len(r.Facts)
	return nil
}

func (g *group) decideAll(j *job) {
	g.s.backlog.mu.Lock()
	defer g.s.backlog.mu.Unlock()
	r := j.request
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
			d = g.decide(&r.Facts[i], &j.facts[i], j.entries, r.At)
		}
		r.Decisions = append(r.Decisions, d)
	}
}

// decide compares one fact with what stands at its key, and remembers it if
// nothing does.
func (g *group) decide(told *store.Fact, prepared *preparedFact, entries []byte, at int64) store.Decision {
	entry := entries[prepared.from:prepared.to]
	if !prepared.isNew {
		d, err := g.compare(told, prepared.hash, entryKey(entry), at)
		if err != nil {
			g.s.log.Error("a fact could not be read; its request is told so", "kind", string(told.Key.Kind), "error", err)
			return store.Decision{Outcome: store.Faulted}
		}
		if d.Outcome != store.Created {
			return d
		}
	}
	g.s.backlog.active.add(prepared.hash, told.Key.Hour, g.head.Call, entry)
	return store.Decision{Outcome: store.Created, Quantity: told.Quantity, Call: g.head.Call}
}

// compare finds out what stands at a fact's key. Created means that nothing
// does.
func (g *group) compare(told *store.Fact, hash uint64, key []byte, at int64) (store.Decision, error) {
	if call, rest, ok := g.s.backlog.find(hash, key); ok {
		fact, err := decodeRest(told.Key, call, rest)
		return judge(&fact, told, at), err
	}
	value, closer, err := g.s.db.Get(key)
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
