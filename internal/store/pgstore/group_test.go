package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// stalled is a store whose only committer waits for the database with the call of
// fact 0.
type stalled struct {
	*Store
	release func()
	wg      sync.WaitGroup

	// groups are the numbers of calls and facts of each group. To be read when
	// all commits are done.
	groups [][2]int
}

func stall(t *testing.T) *stalled {
	t.Helper()
	url := pgtest.Database(t)
	s := &stalled{}
	s.Store = mustOpen(t, url, Config{Committers: 1, OnGroup: func(requests, facts int, d time.Duration) {
		if d <= 0 {
			t.Errorf("a group took %v", d)
		}
		s.groups = append(s.groups, [2]int{requests, facts})
	}})
	s.release = lockTable(t, url, "meterd.facts")
	s.commit(t, request(testFact(0)))
	eventually(t, "the committer waits", func() bool { return count(t, url, waiting) == 1 })
	return s
}

// commit commits in the background.
func (s *stalled) commit(t *testing.T, r *store.Request) {
	s.wg.Go(func() {
		if err := s.Commit(context.Background(), r); err != nil {
			t.Errorf("committing: %v", err)
		}
	})
}

// finish lets the committer go on and compares the groups that it made of n
// commits that waited.
func (s *stalled) finish(t *testing.T, n int, want ...[2]int) {
	t.Helper()
	eventually(t, "all commits wait", func() bool { return s.Stats().Waiting == n })
	s.release()
	s.wg.Wait()
	if want = append([][2]int{{1, 1}}, want...); !slices.Equal(s.groups, want) {
		t.Errorf("groups of %v calls and facts, want %v", s.groups, want)
	}
	if l := read(t, s.Store); len(l.calls) != n+1 {
		t.Errorf("%d calls, want %d", len(l.calls), n+1)
	}
}

func TestOneTransactionForAllThatWait(t *testing.T) {
	s := stall(t)
	const n = 50
	for i := range n {
		s.commit(t, request(testFact(1), testFact(100+i)))
	}
	s.finish(t, n, [2]int{n, 2 * n})
}

func TestGroupHasABoundOfJobs(t *testing.T) {
	s := stall(t)
	for i := range groupJobs + 1 {
		s.commit(t, request(testFact(i+1)))
	}
	s.finish(t, groupJobs+1, [2]int{groupJobs, groupJobs}, [2]int{1, 1})
}

func TestGroupHasABoundOfBytes(t *testing.T) {
	s := stall(t)
	for range 3 {
		s.commit(t, &store.Request{Call: make([]byte, groupBytes/2)})
	}
	s.finish(t, 3, [2]int{2, 0}, [2]int{1, 0})
}

func TestQueueHasABound(t *testing.T) {
	s := stall(t)
	for i := range queueLength {
		s.commit(t, request(testFact(i+1)))
	}
	eventually(t, "the queue is full", func() bool { return s.Stats().Waiting == queueLength })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := s.Commit(ctx, request(testFact(-1))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more than the queue holds: %v", err)
	}
	s.release()
	s.wg.Wait()
	if l := read(t, s.Store); len(l.calls) != 1+queueLength {
		t.Errorf("%d calls, want all that waited", len(l.calls))
	}
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	s := stall(t)
	const n = 20
	for i := range n {
		s.commit(t, request(testFact(i+1)))
	}
	eventually(t, "all commits wait", func() bool { return s.Stats().Waiting == n })
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	eventually(t, "the store is closed", func() bool { return errors.Is(s.enterAndLeave(), store.ErrClosed) })
	if err := s.Commit(t.Context(), request(testFact(-1))); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a commit while the store closes: %v", err)
	}
	s.release()
	s.wg.Wait()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func (s *Store) enterAndLeave() error {
	err := s.enter(context.Background())
	if err == nil {
		s.gate.Leave()
	}
	return err
}

// TestPlacesHoldAGroup: the place of a call in its batch has eight bits, and the
// statements say so as a number.
func TestPlacesHoldAGroup(t *testing.T) {
	if groupJobs > 1<<placeBits || placeBits != 8 {
		t.Errorf("%d calls in places of %d bits", groupJobs, placeBits)
	}
	if batchID(shardMax, 1<<batchBits-1)<<placeBits < 0 || batchID(1, 0) != 1<<batchBits {
		t.Error("the last batch of the last shard has no places")
	}
}

// TestGuardSkipsWhatWasInserted: that a guard is in conflict shows only when what
// stands behind it has been inserted. Nothing of it stays.
func TestGuardSkipsWhatWasInserted(t *testing.T) {
	s := mustOpen(t, pgtest.Database(t), Config{})
	guard := func(digest string, facts ...store.Fact) *store.Request {
		r := request(append([]store.Fact{token(1, 0, digest)}, facts...)...)
		r.Guarded = true
		return r
	}
	tells(t, s, guard("one", testFact(1)), store.Created, store.Created)
	// In one group, the fact behind the guard is told again by a call that
	// nothing guards.
	hold := stallOf(t, s)
	requests := []*store.Request{guard("other", testFact(2)), request(testFact(2)), guard("one", testFact(2), testFact(3))}
	done := hold(requests)
	for i, want := range [][]store.Outcome{
		{store.Conflict, store.Skipped}, {store.Created}, {store.Same, store.Same, store.Created},
	} {
		if got := outcomes(requests[i]); !slices.Equal(got, want) {
			t.Errorf("request %d: outcomes %v, want %v", i, got, want)
		}
	}
	l := read(t, s)
	for _, r := range done {
		if err := l.checkAnswer(r); err != nil {
			t.Error(err)
		}
	}
}

// stallOf returns a function that commits requests as one group, in their order.
func stallOf(t *testing.T, s *Store) func([]*store.Request) []*store.Request {
	return func(requests []*store.Request) []*store.Request {
		t.Helper()
		var g group
		for _, r := range requests {
			g.add(newJob(r))
		}
		g.sort()
		if err := s.tryGroup(&g); err != nil {
			t.Fatal(err)
		}
		for i, j := range g.jobs {
			requests[i].Decisions, requests[i].CallID = j.decisions, j.id
		}
		return requests
	}
}

// TestReplayNamesTheTeller: which call told the fact that stands is known before
// the calls have their numbers.
func TestReplayNamesTheTeller(t *testing.T) {
	other := testFact(1)
	other.Quantity = 99
	var g group
	for _, r := range []*store.Request{request(testFact(1)), request(testFact(2), other), request(testFact(2), testFact(1))} {
		g.add(newJob(r))
	}
	g.sort()
	g.replay()
	g.number(100)
	var got []string
	for _, j := range g.jobs {
		for _, d := range j.decisions {
			got = append(got, fmt.Sprint(d.Outcome, d.Quantity, d.Call))
		}
	}
	want := []string{"created 1 100", "created 2 101", "conflict 1 100", "same 2 101", "same 1 100"}
	if !slices.Equal(got, want) {
		t.Errorf("decisions %q, want %q", got, want)
	}
	if len(g.slots) != 2 || g.slots[0].by != 0 || g.slots[1].by != 1 {
		t.Errorf("slots %+v", g.slots)
	}
}
