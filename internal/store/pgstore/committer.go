package pgstore

import (
	"context"
	"fmt"
	"time"
)

// commitAll is a committer. There are several, so that the database works on one
// group while another is built, decided, or made durable. It returns when the
// queue is closed.
func (s *Store) commitAll() {
	defer s.committers.Done()
	var g group
	for j := range s.queue {
		start := time.Now()
		g.add(j)
		for !g.full() && g.next(s.queue) {
			continue
		}
		if len(g.jobs) > 0 {
			s.commitGroup(&g, start)
		}
		g.reset()
	}
}

// next takes a job that waits already, and reports whether there was one.
func (g *group) next(queue <-chan *job) bool {
	select {
	case j, ok := <-queue:
		if ok {
			g.add(j)
		}
		return ok
	default:
		return false
	}
}

// commitGroup commits a group and answers its callers.
func (s *Store) commitGroup(g *group, start time.Time) {
	err := s.refusal()
	if err == nil {
		g.sort()
		if err = s.tryGroup(g); err != nil {
			err = fmt.Errorf("committing to the ledger: %w", err)
			s.setTrouble(err)
			s.raiseAlarm()
		}
	}
	if err == nil {
		s.cfg.OnGroup(len(g.jobs), g.facts, time.Since(start))
	}
	for _, j := range g.jobs {
		j.answer <- err
	}
}

// tryGroup runs the transaction of a group until it is done, its outcome is
// unknown, or the time is over. A transaction that met those of other replicas
// is settled by the database, and run again over what stands then.
func (s *Store) tryGroup(g *group) error {
	ctx, cancel := bounded(context.Background(), s.cfg.Patience)
	defer cancel()
	return lateness(ctx, retry(ctx, func() error {
		conn, err := s.writers.Acquire(ctx)
		if err != nil {
			return beforeCommit(fmt.Errorf("connecting: %w", err))
		}
		defer conn.Release()
		a := attempt{s: s, g: g, pc: conn.Conn().PgConn()}
		if a.tenure, a.batch, err = s.beginBatch(ctx); err != nil {
			return err
		}
		err = a.run(ctx)
		s.leaveReadOnly(err)
		return err
	}))
}
