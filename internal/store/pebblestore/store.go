// Package pebblestore keeps a ledger on the local disk, in a Pebble database.
//
// One goroutine, the committer, decides: it takes whatever waits, stages it as one
// batch, has the disk confirm that batch once, and then answers everybody. Of a
// call it writes one entry, the call itself with all that it told. These entries
// are the log. Facts by key are an index of it, which follows behind: what calls
// created is kept in memory (segment, backlog) until there is enough of it for
// another goroutine, the indexer, to sort it into tables that Pebble takes as they
// are. After a crash the rest is read from the log again. So a fact is neither
// written twice nor sorted alone, and the log is as fast as the disk.
//
// That a fact is new mostly needs no look at the disk either (filter). The package
// may not know a rule, answer before the disk has, or go on writing after the disk
// has refused once.
//
// Two kinds of trouble with the disk are told apart. If the write-ahead log
// cannot be confirmed, the store accepts nothing more until it is opened again
// (Stats.Stopped), and reads go on. If Pebble can no longer record which files
// make up the database, or cannot begin a new log, it ends the process: to go on
// could lose what was acknowledged, while opening again is the normal path and
// loses nothing.
package pebblestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/meterd/meterd/internal/gate"
	"github.com/meterd/meterd/internal/store"
)

// Store is a store.Store in a directory.
type Store struct {
	db     *pebble.DB
	dir    string
	cfg    Config
	log    *slog.Logger
	tables sstable.WriterOptions
	seed   maphash.Seed
	gate   gate.Gate

	names   names
	backlog *backlog

	// grouped are jobs that may share a batch, alone those that may not.
	grouped chan *job
	alone   chan *job
	// finished is closed when the committer has returned.
	finished chan struct{}
	// head is the last call, or what the first one comes behind; it is the
	// committer's.
	head store.Head
	// changes counts the groups that wrote anything else than calls; it is the
	// committer's.
	changes uint64
	// witness is the committer's, and seen what it said in the beginning.
	witness *witness
	seen    extent
	// filter is the committer's.
	filter filter
	// stopped is set once, by the committer, when the disk has refused.
	stopped atomic.Pointer[error]
	// sealed are segments for the indexer, loads are hours for the loader. Both
	// queues have room for all that there can be.
	sealed chan *segment
	loads  chan load
	// indexed tells whoever waits for the indexer that it has tried, and
	// indexTrouble why its last try failed, if it did.
	indexed      chan struct{}
	indexTrouble atomic.Pointer[error]
	// quit is closed when the indexer is to stop; background are the two.
	quit       chan struct{}
	background sync.WaitGroup
}

var _ store.Store = (*Store)(nil)

// Checkpoint implements store.Store. Files that no longer change are linked, so
// it is quick if dir is on the same file system.
func (s *Store) Checkpoint(ctx context.Context, dir string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := s.db.Checkpoint(dir); err != nil {
		return fmt.Errorf("copying ledger to %s: %w", dir, err)
	}
	return nil
}

// Stats implements store.Store.
func (s *Store) Stats() store.Stats {
	if !s.gate.Enter() {
		return store.Stats{}
	}
	defer s.gate.Leave()
	m := s.db.Metrics()
	bytes := m.DiskSpaceUsage()
	if m.WAL.Size > m.WAL.PhysicalSize {
		// Pebble counts a log at the size that it had when it was begun.
		bytes += m.WAL.Size - m.WAL.PhysicalSize
	}
	return store.Stats{
		Bytes:   bytes,
		Waiting: len(s.grouped),
		Stopped: cmp.Or(s.stoppedBy(), s.crowdedBy(), s.shortage().usage),
	}
}

// Close implements store.Store.
func (s *Store) Close() error {
	if !s.gate.Close() {
		return store.ErrClosed
	}
	// Nobody is inside any more, so nobody sends.
	close(s.grouped)
	<-s.finished
	close(s.quit)
	close(s.sealed)
	close(s.loads)
	s.background.Wait()
	if err := errors.Join(s.db.Close(), s.witness.file.Close()); err != nil {
		return fmt.Errorf("closing ledger: %w", err)
	}
	return nil
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

// stoppedBy says why the store accepts no more writes, if it does not.
func (s *Store) stoppedBy() error {
	if cause := s.stopped.Load(); cause != nil {
		return fmt.Errorf("the ledger accepts no more writes since one failed: %w", *cause)
	}
	return nil
}
