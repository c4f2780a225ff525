package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

const (
	// crashWriters commit at the same time while servers die.
	crashWriters = 8
	// crashKills are the deaths of a server in one test.
	crashKills = 3
	// crashCalls are acknowledged between two of them.
	crashCalls = 200
	// crashPatience is shorter than any server needs to come back, so that
	// callers hear of the trouble.
	crashPatience = 100 * time.Millisecond
)

// load is a client of the kind that meterd has: it tells again whatever was not
// acknowledged, as it was.
type load struct {
	t     *testing.T
	s     *Store
	halt  atomic.Bool
	wg    sync.WaitGroup
	acked atomic.Int64

	mu   sync.Mutex
	done []*store.Request
	// unknown and refused count the answers that were no acknowledgement.
	unknown, refused int
}

func startLoad(t *testing.T, s *Store) *load {
	l := &load{t: t, s: s}
	for w := range crashWriters {
		l.wg.Go(func() {
			for i := 0; !l.halt.Load(); i++ {
				n := 3 * (i*crashWriters + w)
				r := request(testFact(n), testFact(n+1), testFact(n+2))
				r.Call = fmt.Appendf(nil, "%d/%d", w, i)
				l.tell(r)
			}
		})
	}
	return l
}

// tell tells until it is acknowledged. As long as nobody said that the outcome is
// unknown, nothing can be there.
func (l *load) tell(r *store.Request) {
	maybe := false
	for {
		err := l.s.Commit(context.Background(), r)
		l.mu.Lock()
		switch {
		case err == nil:
			l.done = append(l.done, r)
		case errors.Is(err, store.ErrUnknownOutcome):
			maybe = true
			l.unknown++
		default:
			l.refused++
		}
		l.mu.Unlock()
		if err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	l.acked.Add(1)
	first := r.Decisions[0].Outcome
	for _, o := range outcomes(r) {
		if o != first || o != store.Created && (o != store.Same || !maybe) {
			l.t.Errorf("a request of which the outcome was unknown: %t, became %v", maybe, outcomes(r))
		}
	}
}

func (l *load) await(n int64) {
	l.t.Helper()
	from := l.acked.Load()
	eventually(l.t, fmt.Sprintf("%d more calls are acknowledged", n), func() bool { return l.acked.Load() >= from+n })
}

// check stops the load and looks for everything that was acknowledged.
func (l *load) check() {
	l.t.Helper()
	l.halt.Store(true)
	l.wg.Wait()
	all := read(l.t, l.s)
	for _, r := range l.done {
		if err := all.checkAnswer(r); err != nil {
			l.t.Fatal(err)
		}
	}
	if len(all.facts) != 3*len(l.done) {
		l.t.Errorf("%d facts of %d acknowledged calls of 3", len(all.facts), len(l.done))
	}
	l.t.Logf("%d calls were acknowledged and are there; %d were told again after an unknown outcome, %d after a refusal",
		len(l.done), l.unknown, l.refused)
}

// TestKillDatabase kills the server while calls are committed. The store goes on
// when the server is back, without being opened again.
func TestKillDatabase(t *testing.T) {
	c := pgtest.Start(t, nil)
	s := mustOpen(t, c.Database(t), Config{Patience: crashPatience})
	l := startLoad(t, s)
	for range crashKills {
		l.await(crashCalls)
		c.Kill(t)
		eventually(t, "the store says why it accepts no calls", func() bool { return s.Stats().Stopped != nil })
		c.Boot(t)
	}
	l.await(crashCalls)
	l.check()
	if l.unknown+l.refused == 0 {
		t.Error("nobody noticed that the server was killed; this test saw too little")
	}
}

// TestFailOver kills the primary while calls are committed, and promotes the
// standby. Commits wait for it, so it has all that was acknowledged.
func TestFailOver(t *testing.T) {
	primary := pgtest.Start(t, nil)
	standby := primary.Standby(t, "one")
	for _, sql := range []string{
		"ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (one)'",
		"SELECT pg_reload_conf()",
	} {
		if err := primary.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, primary.Database(t, standby), Config{Patience: crashPatience})
	l := startLoad(t, s)
	l.await(crashCalls)
	primary.Kill(t)
	standby.Promote(t)
	l.await(crashCalls)
	l.check()
}
