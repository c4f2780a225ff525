package pebblestore

import (
	"context"
	"fmt"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// Load implements store.Store. What is loaded is in the index at once.
func (s *Store) Load(ctx context.Context, calls []store.Call, facts []store.Fact) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	for i := range facts {
		if err := facts[i].Key.Kind.Check(); err != nil {
			return fmt.Errorf("loading fact %d: %w", i, err)
		}
	}
	return s.writeStaged(ctx, s.alone, func(g *group) error {
		if err := s.indexEverything(); err != nil {
			return err
		}
		// Filters do not know what comes past them.
		clear(s.filter.hours)
		if err := g.checkGaps(calls); err != nil {
			return err
		}
		g.load(calls, facts)
		return nil
	})
}

// checkGaps checks that calls follow those that are there.
func (g *group) checkGaps(calls []store.Call) error {
	ends := map[uint16]store.CallID{}
	for i := range calls {
		id := calls[i].ID
		last, ok := ends[id.Shard()]
		if !ok {
			head, err := g.s.readHead(id.Shard())
			if err != nil {
				return fmt.Errorf("reading the newest call: %w", err)
			}
			last = head.Call
		}
		if id.Seq() == 0 || last.Seq() != 0 && id != last+1 {
			return fmt.Errorf("loading call %s behind %s: %w", id, last, store.ErrGap)
		}
		ends[id.Shard()] = id
	}
	return nil
}

// load stages calls and facts.
func (g *group) load(calls []store.Call, facts []store.Fact) {
	var decisions []store.Decision
	var told []byte
	for i := range calls {
		c := &calls[i]
		decisions = decisions[:0]
		for _, outcome := range c.Outcomes {
			decisions = append(decisions, store.Decision{Outcome: outcome})
		}
		told = store.AppendTold(told[:0], &store.Request{At: c.At, Guarded: c.Guarded, Call: c.Entry, Facts: c.Facts})
		g.key = appendCallKey(g.key[:0], c.ID)
		g.value = appendCall(g.value[:0], c.Hash, decisions, told)
		g.set()
		if c.ID.Shard() == ownShard {
			g.head = store.Head{Call: c.ID, Hash: c.Hash}
		}
	}
	var rest []byte
	for i := range facts {
		rest = appendRest(rest[:0], &facts[i])
		g.key = appendFactKey(g.key[:0], facts[i].Key)
		g.value = appendFactValue(g.value[:0], facts[i].Call, rest)
		g.set()
	}
	g.markIndexed(g.head)
}

// markIndexed stages that the index goes up to a call of the own shard, if there
// is one.
func (g *group) markIndexed(head store.Head) {
	if head.Hash == audit.Genesis {
		return
	}
	g.key = append(g.key[:0], indexedKey...)
	g.value = appendHead(g.value[:0], head)
	g.set()
}
