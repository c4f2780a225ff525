package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// tend keeps the shard while the store is open. It is also who finds out that a
// database that was in trouble takes writes again.
func (s *Store) tend() {
	defer close(s.tended)
	renewal := s.cfg.Lease / renewals
	for wait := renewal; ; {
		timer := time.NewTimer(wait)
		select {
		case <-s.background.Done():
			timer.Stop()
			return
		case <-s.alarm:
			timer.Stop()
		case <-timer.C:
		}
		if err := s.look(); err != nil {
			s.setTrouble(err)
			wait = retryPauseMax
		} else {
			s.clearTrouble()
			wait = renewal
		}
	}
}

// look extends the lease, and reads how large the ledger is.
func (s *Store) look() error {
	ctx, cancel := bounded(s.background, s.cfg.Patience)
	defer cancel()
	err := retry(ctx, func() error {
		err := s.extend(ctx, s.lastTrouble() != nil)
		if errors.Is(err, store.ErrUnknownOutcome) {
			return again{err}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping the shard: %w", lateness(ctx, err))
	}
	s.measure(ctx)
	return nil
}

// measure reads how large the ledger is. A database that has no such function
// leaves the gauge at zero.
func (s *Store) measure(ctx context.Context) {
	ctx, cancel := bounded(ctx, measureTime)
	defer cancel()
	var bytes int64
	err := s.readers.QueryRow(ctx, `
		SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'meterd' AND c.relkind = 'r'`).Scan(&bytes)
	if err == nil {
		s.bytes.Store(uint64(bytes))
	}
}

// setTrouble makes the store refuse writes until tend finds that the database takes
// them again.
func (s *Store) setTrouble(err error) {
	if s.trouble.Swap(&err) == nil {
		s.log.Error("the database takes no calls; they are refused until it does", "error", err)
	}
}

// raiseAlarm has tend look at once.
func (s *Store) raiseAlarm() {
	select {
	case s.alarm <- struct{}{}:
	default:
	}
}

func (s *Store) clearTrouble() {
	if s.trouble.Swap(nil) != nil {
		s.log.Info("the database takes calls again")
	}
}

// lastTrouble is what keeps the database from taking calls, if something does.
func (s *Store) lastTrouble() error {
	if cause := s.trouble.Load(); cause != nil {
		return *cause
	}
	return nil
}

// refusal says why the store accepts no writes, if it does not.
func (s *Store) refusal() error {
	if cause := s.lastTrouble(); cause != nil {
		return fmt.Errorf("the database takes no calls at the moment: %w", cause)
	}
	return nil
}

// Stats implements store.Store. The size is that of the last look.
func (s *Store) Stats() store.Stats {
	if !s.gate.Enter() {
		return store.Stats{}
	}
	defer s.gate.Leave()
	return store.Stats{Bytes: s.bytes.Load(), Waiting: len(s.queue), Stopped: s.refusal()}
}
