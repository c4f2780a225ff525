// Package memstore keeps a store in memory: for tests, for sandboxes, and as the
// reference of what the contract means. It is written to be read. It may not
// know a rule, touch a disk, or outlive its process.
package memstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/meterd/meterd/internal/store"
)

// itemBytes is about what a fact, call, row or name takes without its payload.
const itemBytes = 128

// Store is a store.Store in memory.
type Store struct {
	mu     sync.Mutex
	closed bool

	facts map[store.Key]store.Fact
	// calls are in the order of their ids.
	calls []store.Call
	rows  map[rowKey]store.Row

	ids map[string]store.NameID
	// names[i] has the id i+1.
	names []string

	// payload counts the bytes behind the slices and strings above.
	payload int
}

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	s := &Store{ids: make(map[string]store.NameID)}
	s.forget()
	return s
}

// forget makes the store as new, but for its names.
func (s *Store) forget() {
	s.facts = make(map[store.Key]store.Fact)
	s.calls = nil
	s.rows = make(map[rowKey]store.Row)
	s.payload = 0
	for _, name := range s.names {
		s.payload += len(name)
	}
}

// enter begins every method that may fail: it takes the lock unless the caller
// no longer waits or the store is closed. After an error the lock is free.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return store.ErrClosed
	}
	return nil
}

// DropBefore implements store.Store.
func (s *Store) DropBefore(ctx context.Context, hour store.Hour) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, kind := range store.UsageKinds {
		for k, f := range s.facts {
			if k.Kind == kind && k.Hour < hour {
				s.payload -= len(f.Detail)
				delete(s.facts, k)
			}
		}
	}
	return nil
}

// Reset implements store.Store.
func (s *Store) Reset(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.forget()
	return nil
}

// Checkpoint implements store.Store: what is only in memory has no backup.
func (s *Store) Checkpoint(ctx context.Context, _ string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.mu.Unlock()
	return fmt.Errorf("copying a store in memory: %w", errors.ErrUnsupported)
}

// Stats implements store.Store. Nobody ever waits for a group here.
func (s *Store) Stats() store.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := len(s.facts) + len(s.calls) + len(s.rows) + len(s.names)
	return store.Stats{Bytes: uint64(items*itemBytes + s.payload)}
}

// Close implements store.Store and lets the content go.
func (s *Store) Close() error {
	if err := s.enter(context.Background()); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.ids, s.names = nil, nil
	s.forget()
	s.closed = true
	return nil
}
