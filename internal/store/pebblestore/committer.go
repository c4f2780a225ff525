package pebblestore

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// job is what one caller wants to have written.
type job struct {
	// stage adds the job to a group. After an error nothing was added and the
	// error is the answer. It runs on the committer's goroutine.
	stage func(*group) error
	// taken is set by whoever comes first: the committer, when it begins, or
	// the caller, when it gives up waiting for that. So the committer uses the
	// caller's buffers only while the caller waits for the answer.
	taken atomic.Bool
	// answer has room for the one answer.
	answer chan error
}

// write has the committer stage and commit something, and waits until it is
// durable. The caller must be inside the gate.
func (s *Store) write(ctx context.Context, queue chan<- *job, stage func(*group) error) error {
	j := &job{stage: stage, answer: make(chan error, 1)}
	select {
	case queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.answer:
		return err
	case <-ctx.Done():
		if j.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-j.answer
	}
}

// commitAll is the committer. It returns when the queue is closed.
func (s *Store) commitAll() {
	defer close(s.finished)
	for {
		select {
		case j, ok := <-s.grouped:
			if !ok {
				return
			}
			s.commitGroup(j, s.grouped)
		case j := <-s.alone:
			s.commitGroup(j, nil)
		}
	}
}

// commitGroup commits the first job together with what else waits, and answers
// all of them.
func (s *Store) commitGroup(first *job, more <-chan *job) {
	start := time.Now()
	g := newGroup(s)
	for j := first; j != nil; j = g.next(more) {
		g.take(j)
	}
	err := g.commitBatch()
	if err != nil {
		err = s.stop(err)
	} else {
		s.head = g.head
		s.names.add(g.newNames)
		if g.requests > 0 {
			s.cfg.OnGroup(g.requests, g.facts, time.Since(start))
		}
	}
	for _, j := range g.jobs {
		j.answer <- err
	}
}

// stop makes the store refuse all further writes, and returns the answer for
// those whose write was refused by the disk: a later opening may find it done.
func (s *Store) stop(cause error) error {
	s.stopped.Store(&cause)
	s.log.Error("the ledger accepts no more writes", "error", cause)
	return fmt.Errorf("committing to the ledger: %w: %w", store.ErrUnknownOutcome, cause)
}
