package pgstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// bind is how a message names the prepared statement that it uses.
func bind(statement string) string { return "\x00" + statement + "\x00" }

// queryCommit is how a message ends a transaction that is not a commit of calls:
// a query of 11 bytes, its length included.
const queryCommit = "\x0bcommit\x00"

// TestConnectionLostInCommit: whether the database has committed is then not
// known, and the store says so; it goes on by itself, and telling again is safe.
func TestConnectionLostInCommit(t *testing.T) {
	for _, c := range []struct {
		name string
		how  cut
		want store.Outcome
	}{
		{"before the database heard of it", cutEarly, store.Created},
		{"after the database had committed", cutLate, store.Same},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, url := newProxy(t, pgtest.Database(t))
			s := mustOpen(t, url, Config{})
			commit(t, s, request(testFact(1)))

			p.cutAt(bind(stmtCommit), c.how)
			r := request(testFact(2), testFact(3))
			if err := s.Commit(t.Context(), r); !errors.Is(err, store.ErrUnknownOutcome) || len(r.Decisions) != 0 || r.CallID != 0 {
				t.Errorf("a commit whose connection was cut: %v, with call %d and %v", err, r.CallID, r.Decisions)
			}
			tellsAtLast(t, s, r, c.want, c.want)
			l := read(t, s)
			if err := l.checkAnswer(r); err != nil {
				t.Error(err)
			}
			if len(l.shards) != 1 {
				t.Errorf("calls in %d shards, and the store never lost its own", len(l.shards))
			}
		})
	}
}

// TestConnectionLostBeforeCommit: nothing can have been committed, so the caller
// need not hear of it.
func TestConnectionLostBeforeCommit(t *testing.T) {
	p, url := newProxy(t, pgtest.Database(t))
	s := mustOpen(t, url, Config{})
	for i, how := range []cut{cutEarly, cutLate} {
		p.cutAt(bind(stmtInsertFacts), how)
		tells(t, s, request(testFact(i)), store.Created)
	}
	p.cutAll()
	tells(t, s, request(testFact(0), testFact(1), testFact(2)), store.Same, store.Same, store.Created)
	p.cutAll()
	if f, ok, err := s.Lookup(t.Context(), testFact(2).Key); err != nil || !ok || f.Quantity != 2 {
		t.Errorf("a lookup after the connections were cut: %+v, %t, %v", f, ok, err)
	}
	if l := read(t, s); len(l.calls) != 3 {
		t.Errorf("%d calls, want 3", len(l.calls))
	}
}

// TestLostConnectionCommitsNothingLater: a commit that the network brings to the
// server only when the store has gone on is refused.
func TestLostConnectionCommitsNothingLater(t *testing.T) {
	url := pgtest.Database(t)
	p, proxied := newProxy(t, url)
	s := mustOpen(t, proxied, Config{})
	p.cutAt(bind(stmtCommit), cutHeld)
	r := request(testFact(1))
	if err := s.Commit(t.Context(), r); !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("a commit whose connection was cut: %v", err)
	}
	// Something must make the store look where its chain ends.
	commitAtLast(t, s, request())
	const open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction"
	if n := count(t, url, open+"'"); n != 1 {
		t.Fatalf("%d transactions are open, want the one that was cut", n)
	}
	p.mu.Lock()
	p.held()
	p.mu.Unlock()
	eventually(t, "the server has broken it off", func() bool { return count(t, url, open+" (aborted)'") == 1 })
	if _, ok, err := s.Lookup(t.Context(), testFact(1).Key); ok || err != nil {
		t.Errorf("what was held up was committed: %t, %v", ok, err)
	}
	tells(t, s, r, store.Created)
	read(t, s)
}

// TestCutOffReplicaHoldsUpNobody for longer than its own patience: then its
// transaction ends, and with it the locks on what it told.
func TestCutOffReplicaHoldsUpNobody(t *testing.T) {
	url := pgtest.Database(t)
	p, proxied := newProxy(t, url)
	cutOff := mustOpen(t, proxied, Config{Patience: 500 * time.Millisecond})
	p.cutAt(bind(stmtCommit), cutHeld)
	if err := cutOff.Commit(t.Context(), request(testFact(1))); !errors.Is(err, store.ErrUnknownOutcome) {
		t.Fatalf("a commit whose connection was cut: %v", err)
	}
	other := mustOpen(t, url, Config{Patience: eventuallyTime})
	tells(t, other, request(testFact(1)), store.Created)
	if ends := count(t, url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"); ends != 0 {
		t.Errorf("%d transactions still stand idle", ends)
	}
}

// TestOtherWritesMayHaveAnUnknownOutcome, but for names, which are simply made
// again.
func TestOtherWritesMayHaveAnUnknownOutcome(t *testing.T) {
	p, url := newProxy(t, pgtest.Database(t))
	s := mustOpen(t, url, Config{})
	commit(t, s, request(testFact(1)))
	for name, write := range map[string]func() error{
		"Put":        func() error { return s.Put(t.Context(), []store.Row{{Table: "t", Key: "k"}}) },
		"DropBefore": func() error { return s.DropBefore(t.Context(), ^store.Hour(0)) },
		"Reset":      func() error { return s.Reset(t.Context()) },
	} {
		p.cutAt(queryCommit, cutEarly)
		if err := write(); !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("%s whose connection was cut at its end: %v", name, err)
		}
	}
	p.cutAt(queryCommit, cutLate)
	ids := make([]store.NameID, 2)
	if err := s.Intern(t.Context(), []string{"a", "b"}, ids); err != nil || ids[0] != 1 || ids[1] != 2 {
		t.Errorf("names whose connection was cut after they were made: %v, %v", ids, err)
	}
}

// waitForStandby is where commits of calls stand that no standby confirms.
const waitForStandby = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'"

// standbyMissing returns a database whose commits wait for a standby that does
// not come, from the time that demand is called.
func standbyMissing(t *testing.T) (c *pgtest.Cluster, url string, demand func(bool)) {
	t.Helper()
	c = pgtest.Start(t, nil)
	return c, c.Database(t), func(on bool) {
		t.Helper()
		sql := "ALTER SYSTEM RESET synchronous_standby_names"
		if on {
			sql = "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (nobody)'"
		}
		for _, sql := range []string{sql, "SELECT pg_reload_conf()"} {
			if err := c.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "the server has read its settings", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			return (c.Exec(ctx, "SELECT pg_logical_emit_message(true, 'test', '')") != nil) == on
		})
	}
}

// TestCommitWithoutItsStandbyIsNoSuccess: the server reports one when it is told
// to wait no longer, or the connection ends. Neither is taken for an answer.
func TestCommitWithoutItsStandbyIsNoSuccess(t *testing.T) {
	c, url, demand := standbyMissing(t)
	s := mustOpen(t, url, Config{})
	for i, end := range []string{"pg_cancel_backend", "pg_terminate_backend"} {
		demand(true)
		r := request(testFact(i))
		answer := make(chan error)
		go func() { answer <- s.Commit(context.Background(), r) }()
		eventually(t, "the commit waits for its standby", func() bool { return count(t, url, "SELECT count(*) "+waitForStandby) > 0 })
		if err := c.Exec(t.Context(), "SELECT "+end+"(pid) "+waitForStandby); err != nil {
			t.Fatal(err)
		}
		if err := <-answer; !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("a commit that was ended with %s while it waited for its standby: %v", end, err)
		}
		demand(false)
		tellsAtLast(t, s, r, store.Same)
	}
	read(t, s)
}

// TestNoStandbyNoAnswer: without its standby the database answers nobody, and the
// store says so after its patience and then at once, until the standby is back.
func TestNoStandbyNoAnswer(t *testing.T) {
	_, url, demand := standbyMissing(t)
	s := mustOpen(t, url, Config{Patience: 500 * time.Millisecond})
	commitAtLast(t, s, request())
	demand(true)
	r := request(testFact(1))
	if err := s.Commit(t.Context(), r); !errors.Is(err, store.ErrUnknownOutcome) || !strings.Contains(err.Error(), "did not answer within 500ms") {
		t.Errorf("a commit that no standby confirms: %v", err)
	}
	if err := s.Commit(t.Context(), request(testFact(2))); err == nil || !strings.Contains(err.Error(), "takes no calls at the moment") {
		t.Errorf("the next commit: %v", err)
	}
	if s.Stats().Stopped == nil {
		t.Error("the store says that it accepts writes")
	}
	demand(false)
	tellsAtLast(t, s, r, store.Same)
}

// count asks the database for a number.
func count(t *testing.T, url, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// eventuallyTime is how long a test waits for what must come.
const eventuallyTime = time.Minute

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(eventuallyTime); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", eventuallyTime, what)
		}
	}
}
