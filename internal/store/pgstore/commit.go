package pgstore

import (
	"context"
	"fmt"

	"github.com/meterd/meterd/internal/store"
)

// Commit implements store.Store. A caller whose context ends while its call is
// on its way gets ErrUnknownOutcome at once: the call's buffers were copied, so
// that nobody must wait for a slow database.
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
	j := newJob(r)
	if err := s.await(ctx, j); err != nil {
		// Somebody else may still use the job.
		return err
	}
	r.Decisions = append(r.Decisions, j.decisions...)
	r.CallID = j.id
	jobs.Put(j)
	return nil
}

// await waits until a job is committed.
func (s *Store) await(ctx context.Context, j *job) error {
	select {
	case s.queue <- j:
	case <-ctx.Done():
		return s.tooLong(ctx)
	}
	select {
	case err := <-j.answer:
		return err
	case <-ctx.Done():
	}
	if j.state.CompareAndSwap(jobWaits, jobLeft) {
		return s.tooLong(ctx)
	}
	select {
	case err := <-j.answer:
		return err
	default:
		return fmt.Errorf("committing to the ledger: %w: %w", store.ErrUnknownOutcome, ctx.Err())
	}
}

// tooLong is the answer to a caller that left before its call's turn.
func (s *Store) tooLong(ctx context.Context) error {
	if cause := s.lastTrouble(); cause != nil {
		return fmt.Errorf("waiting for the database: %w: %w", ctx.Err(), cause)
	}
	return fmt.Errorf("waiting for the database: %w", ctx.Err())
}
