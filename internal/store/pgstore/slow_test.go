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

// lockTable holds up whoever wants a table, until release is called.
func lockTable(t *testing.T, url, table string) (release func()) {
	t.Helper()
	tx, err := dial(t, url).Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// waiting is how many connections wait for a lock to read or write facts.
const waiting = `SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%meterd.facts%'`

// callerTime is how long callers wait in these tests.
const callerTime = 100 * time.Millisecond

// TestCallersAreNotHeldBySlowDatabase: each gets an answer when its own time is
// over, and the right one.
func TestCallersAreNotHeldBySlowDatabase(t *testing.T) {
	url := pgtest.Database(t)
	s := mustOpen(t, url, Config{Committers: 1})
	release := lockTable(t, url, "meterd.facts")

	try := func(n int) (*store.Request, error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), callerTime)
		defer cancel()
		r := request(testFact(n))
		start := time.Now()
		err := s.Commit(ctx, r)
		if took := time.Since(start); took > busyPatience/2 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that waits %v was answered after %v: %v", callerTime, took, err)
		}
		return r, err
	}
	started, err := try(1)
	if !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("a commit that was under way when its caller left: %v", err)
	}
	// The buffers are the caller's again, though the call is under way.
	started.Facts[0] = testFact(-1)
	queued, err := try(2)
	if errors.Is(err, store.ErrUnknownOutcome) || !strings.Contains(err.Error(), "waiting for the database") {
		t.Errorf("a commit whose turn had not come when its caller left: %v", err)
	}
	queued.Facts[0] = testFact(-1)
	release()
	tells(t, s, request(testFact(1), testFact(2)), store.Same, store.Created)
	if l := read(t, s); len(l.facts) != 2 || len(l.calls) != 2 {
		t.Errorf("%d facts of %d calls, want those of the started one and the last", len(l.facts), len(l.calls))
	}
}

// TestPatience: a caller without a bound is answered when the store's patience is
// over. Nothing was committed, and the store says so.
func TestPatience(t *testing.T) {
	url := pgtest.Database(t)
	s := mustOpen(t, url, Config{Patience: 150 * time.Millisecond})
	release := lockTable(t, url, "meterd.facts")
	r := request(testFact(1))
	err := s.Commit(t.Context(), r)
	if err == nil || errors.Is(err, store.ErrUnknownOutcome) || !strings.Contains(err.Error(), "did not answer within 150ms") {
		t.Errorf("a commit that the database did not take: %v", err)
	}
	release()
	tellsAtLast(t, s, r, store.Created)
}

// TestReadersAreBounded: when all connections for reading wait for the database,
// further callers hear of it in their own time.
func TestReadersAreBounded(t *testing.T) {
	url := pgtest.Database(t)
	s := mustOpen(t, url, Config{Readers: 1})
	commit(t, s, request(testFact(1)))
	release := lockTable(t, url, "meterd.facts")
	first := make(chan error)
	go func() {
		_, _, err := s.Lookup(context.Background(), testFact(1).Key)
		first <- err
	}()
	eventually(t, "the first reader waits", func() bool { return count(t, url, waiting) == 1 })

	ctx, cancel := context.WithTimeout(t.Context(), callerTime)
	defer cancel()
	_, _, err := s.Lookup(ctx, testFact(1).Key)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "all 1 connections") {
		t.Errorf("a lookup while all connections are in use: %v", err)
	}
	release()
	if err := <-first; err != nil {
		t.Errorf("a lookup that had to wait: %v", err)
	}
	// Commits have connections of their own.
	tells(t, s, request(testFact(2)), store.Created)
}

// TestFrozenDatabase: the server's processes stand still, and so do connections
// to them. The store tells, and goes on when they do.
func TestFrozenDatabase(t *testing.T) {
	c := pgtest.Start(t, nil)
	s := mustOpen(t, c.Database(t), Config{Patience: 200 * time.Millisecond, Committers: 2})
	commitAtLast(t, s, request(testFact(1)))
	thaw := c.Freeze()
	r := request(testFact(2))
	if err := s.Commit(t.Context(), r); err == nil {
		t.Error("a frozen server has committed")
	}
	if err := s.Commit(t.Context(), r); err == nil || !strings.Contains(err.Error(), "takes no calls at the moment") {
		t.Errorf("the next commit: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), callerTime)
	defer cancel()
	if _, _, err := s.Lookup(ctx, testFact(1).Key); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a lookup: %v", err)
	}
	thaw()
	commitAtLast(t, s, r)
	if l := read(t, s); len(l.facts) != 2 {
		t.Errorf("%d facts, want 2", len(l.facts))
	}
}

// TestReadOnlyDatabase: a server that turns read-only is trouble and no fact, and
// the store waits for one that can be written, also if its connections stay.
func TestReadOnlyDatabase(t *testing.T) {
	c := pgtest.Start(t, nil)
	s := mustOpen(t, c.Database(t), Config{Patience: time.Second})
	commitAtLast(t, s, request(testFact(1)))
	turn := func(how string) {
		t.Helper()
		for _, sql := range []string{"ALTER SYSTEM " + how, "SELECT pg_reload_conf()"} {
			if err := c.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	turn("SET default_transaction_read_only = on")
	var err error
	eventually(t, "a commit meets a server that can only be read", func() bool {
		err = s.Commit(t.Context(), request(testFact(1)))
		return err != nil
	})
	if !errors.Is(err, ErrStandby) {
		t.Errorf("the first commit that met a server that can only be read: %v", err)
	}
	eventually(t, "and the store says so", func() bool { return errors.Is(s.Stats().Stopped, ErrStandby) })
	turn("RESET default_transaction_read_only")
	tellsAtLast(t, s, request(testFact(1), testFact(2)), store.Same, store.Created)
}

// TestFullServer: a server that takes no more connections is named as such, and
// the store goes on when it does.
func TestFullServer(t *testing.T) {
	c := pgtest.Start(t, map[string]string{"max_connections": "20"})
	url := c.Database(t)
	s := mustOpen(t, url, Config{Patience: 500 * time.Millisecond})
	var others []*pgx.Conn
	for {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			break
		}
		others = append(others, conn)
	}
	err := s.Commit(t.Context(), request(testFact(1)))
	if err == nil || errors.Is(err, store.ErrUnknownOutcome) || !strings.Contains(err.Error(), "too many clients") {
		t.Errorf("a commit to a server that is full: %v", err)
	}
	for _, conn := range others {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	tellsAtLast(t, s, request(testFact(1)), store.Created)
}
