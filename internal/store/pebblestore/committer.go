package pebblestore

import (
	"context"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// write has the committer stage and commit a job, and waits until that is
// durable. The caller must be inside the gate.
func (s *Store) write(ctx context.Context, queue chan<- *job, j *job) error {
	select {
	case queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.answer:
		j.release()
		return err
	case <-ctx.Done():
		if j.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		err := <-j.answer
		j.release()
		return err
	}
}

// writeStaged is write for what is no request.
func (s *Store) writeStaged(ctx context.Context, queue chan<- *job, stage func(*group) error) error {
	j := jobs.Get().(*job)
	j.stage = stage
	return s.write(ctx, queue, j)
}

// commitAll is the committer. It returns when the queue is closed.
func (s *Store) commitAll() {
	defer close(s.finished)
	g := newGroup(s)
	for {
		select {
		case j, ok := <-s.grouped:
			if !ok {
				return
			}
			s.commitGroup(g, j, s.grouped)
		case j := <-s.alone:
			s.commitGroup(g, j, nil)
		}
	}
}

// commitGroup commits the first job together with what else waits, and answers
// all of them.
func (s *Store) commitGroup(g *group, first *job, more <-chan *job) {
	start := time.Now()
	g.begin()
	for j := first; j != nil; j = g.next(more) {
		g.take(j)
	}
	err := g.commitBatch()
	if err != nil {
		err = s.stop(err)
	} else {
		s.head = g.head
		if g.changed {
			s.changes++
		}
		s.witness.write(s.extent())
		s.names.add(g.newNames)
		s.filter.fit()
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
