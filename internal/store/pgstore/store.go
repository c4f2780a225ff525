// Package pgstore keeps a ledger in PostgreSQL, where any number of meterd
// processes, here called replicas, write to the same one.
//
// The database decides: a fact is inserted unless its key is there, and what a
// replica was told is compared with what stands. Calls wait in a queue; a few
// committers take whatever waits and commit it as one transaction each. Every
// replica holds a shard, with a chain of calls of its own, so that none waits for
// another's numbers; a shard passes to another replica when its owner is gone,
// and whatever the former one still tries to commit is refused.
//
// It may not know a rule, answer before the database has committed, or take a
// commit for done or undone that it has not heard of.
package pgstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/meterd/meterd/internal/gate"
	"github.com/meterd/meterd/internal/store"
)

// Store is a store.Store in a PostgreSQL database.
type Store struct {
	cfg  Config
	log  *slog.Logger
	gate gate.Gate

	// writers are the connections of the committers, readers all others.
	writers, readers *pgxpool.Pool

	// owner names this replica among the holders of shards.
	owner []byte
	tail  tail
	names names

	queue      chan *job
	committers sync.WaitGroup

	// trouble is set while the database takes no calls; alarm has tend look.
	trouble atomic.Pointer[error]
	alarm   chan struct{}
	// bytes is the size of the ledger.
	bytes atomic.Uint64

	// background is the context of what the store does of itself, until stop is
	// called; tended is closed when tend has returned.
	background context.Context
	stop       context.CancelFunc
	tended     chan struct{}
}

var _ store.Shared = (*Store)(nil)

// Open opens the ledger in the database that a URL names, or makes it there. The
// URL may name several hosts, of which the primary is found. A ledger can be open
// in any number of processes.
func Open(ctx context.Context, url string, cfg Config) (*Store, error) {
	s, err := open(ctx, url, cfg.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("opening ledger in PostgreSQL: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, url string, cfg Config) (*Store, error) {
	s := &Store{
		cfg:    cfg,
		log:    cfg.Logger,
		owner:  newOwner(),
		names:  newNames(),
		queue:  make(chan *job, queueLength),
		alarm:  make(chan struct{}, 1),
		tended: make(chan struct{}),
	}
	if err := s.connect(url); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		s.disconnect()
		return nil, err
	}
	s.background, s.stop = context.WithCancel(context.Background())
	for range cfg.Committers {
		s.committers.Add(1)
		go s.commitAll()
	}
	s.names.interned.Add(1)
	go s.internAll()
	go s.tend()
	return s, nil
}

// ready does what must be done before the first call.
func (s *Store) ready(ctx context.Context) error {
	ctx, cancel := bounded(ctx, replyTime)
	defer cancel()
	err := s.warnOfServer(ctx)
	if err == nil {
		err = s.migrate(ctx)
	}
	if err == nil {
		err = retry(ctx, func() error {
			s.tail.mu.Lock()
			defer s.tail.mu.Unlock()
			return s.settle(ctx)
		})
	}
	if err == nil {
		s.measure(ctx)
	}
	return lateness(ctx, err)
}

// Checkpoint implements store.Store: a database has its own ways to be copied.
func (s *Store) Checkpoint(ctx context.Context, _ string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.gate.Leave()
	return fmt.Errorf("copying a ledger in PostgreSQL: %w", errors.ErrUnsupported)
}

// Close implements store.Store. The next replica can have the shard at once.
func (s *Store) Close() error {
	if !s.gate.Close() {
		return store.ErrClosed
	}
	// Nobody is inside any more, so nobody sends.
	close(s.queue)
	s.committers.Wait()
	close(s.names.queue)
	s.names.interned.Wait()
	s.stop()
	<-s.tended
	s.release()
	s.disconnect()
	return nil
}

func (s *Store) disconnect() {
	s.writers.Close()
	s.readers.Close()
}

// enter begins every method but Stats and Close; after nil, leave must follow.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.gate.Enter() {
		return store.ErrClosed
	}
	return nil
}
