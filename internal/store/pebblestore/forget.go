package pebblestore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// DropBefore implements store.Store: since keys begin with kind and hour, it is
// one deletion for each kind, however many facts there are. All are indexed
// before, so that none that is dropped is taken from the log again.
func (s *Store) DropBefore(ctx context.Context, hour store.Hour) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	return s.writeStaged(ctx, s.alone, func(g *group) error {
		if err := s.indexEverything(); err != nil {
			return err
		}
		for _, kind := range store.UsageKinds {
			g.deleteRange([]byte{byte(kind)}, appendHourKey(nil, kind, hour))
		}
		return nil
	})
}

// DropCalls implements store.Store. All facts are indexed before, because the
// index is built from calls; the mark of how far it goes moves to a call that
// stays. Reclaim gives the disk back.
func (s *Store) DropCalls(ctx context.Context, upTo store.CallID) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	return s.writeStaged(ctx, s.alone, func(g *group) error {
		if err := s.indexEverything(); err != nil {
			return err
		}
		newest, err := s.readHead(upTo.Shard())
		if err != nil {
			return fmt.Errorf("reading the newest call: %w", err)
		}
		from, _ := shardKeys(upTo.Shard())
		to := appendCallKey(nil, min(upTo+1, newest.Call))
		if bytes.Compare(from, to) >= 0 {
			return nil
		}
		// After a power cut the witness may be behind, at a call that is about
		// to be dropped.
		if err := s.witness.clear(); err != nil {
			return err
		}
		g.deleteRange(from, to)
		g.markIndexed(s.head)
		return nil
	})
}

// Reset implements store.Store.
func (s *Store) Reset(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	return s.writeStaged(ctx, s.alone, func(g *group) error {
		if err := s.indexEverything(); err != nil {
			return err
		}
		// The witness must not know of calls that are about to be forgotten.
		if err := s.witness.clear(); err != nil {
			return err
		}
		g.deleteRange([]byte{firstKind}, []byte{lastKind + 1})
		g.deleteRange([]byte{callPrefix}, []byte{callPrefix + 1})
		g.deleteRange([]byte{rowPrefix}, []byte{rowPrefix + 1})
		g.deleteRange(indexedKey, after(indexedKey))
		g.head = store.Head{Hash: audit.Genesis}
		return nil
	})
}
