package pebblestore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// stalled is a store whose committer waits for the disk with the call of fact 0.
type stalled struct {
	*Store
	disk    *disk
	syncs   func() int64
	release func(error)
	// groups are the numbers of calls and facts of each group. To be read after
	// wait.
	groups [][2]int

	wg sync.WaitGroup
}

func stall(t *testing.T) *stalled {
	t.Helper()
	s := &stalled{disk: newDisk()}
	s.Store = s.disk.open(t, Config{OnGroup: func(requests, facts int, d time.Duration) {
		if d <= 0 {
			t.Errorf("a group took %v", d)
		}
		s.groups = append(s.groups, [2]int{requests, facts})
	}})
	entered, syncs, release := s.disk.stall(t)
	s.syncs, s.release = syncs.Load, release
	s.commit(t, request(testFact(0)))
	<-entered
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

func (s *stalled) awaitWaiting(t *testing.T, n int) {
	t.Helper()
	eventually(t, "that many commits wait", func() bool { return s.Stats().Waiting == n })
}

func TestOneSyncForAllThatWait(t *testing.T) {
	s := stall(t)
	const waiting = 50
	for i := range waiting {
		s.commit(t, request(testFact(1), testFact(100+i)))
	}
	s.awaitWaiting(t, waiting)
	s.release(nil)
	s.wg.Wait()
	if want := [][2]int{{1, 1}, {waiting, 2 * waiting}}; !slices.Equal(s.groups, want) {
		t.Errorf("groups of %v calls and facts, want %v", s.groups, want)
	}
	if got := s.syncs(); got != 2 {
		t.Errorf("%d syncs for 2 groups", got)
	}
	if _, calls, err := contents(s.Store); err != nil || len(calls) != 1+waiting {
		t.Errorf("%d calls, %v", len(calls), err)
	}
}

func TestGroupHasABoundOfJobs(t *testing.T) {
	s := stall(t)
	for i := range groupJobs + 1 {
		s.commit(t, request(testFact(i+1)))
	}
	s.awaitWaiting(t, groupJobs+1)
	s.release(nil)
	s.wg.Wait()
	if want := [][2]int{{1, 1}, {groupJobs, groupJobs}, {1, 1}}; !slices.Equal(s.groups, want) {
		t.Errorf("groups of %v calls and facts, want %v", s.groups, want)
	}
}

func TestGroupHasABoundOfBytes(t *testing.T) {
	s := stall(t)
	for range 3 {
		s.commit(t, &store.Request{Call: make([]byte, groupBytes/2)})
	}
	s.awaitWaiting(t, 3)
	s.release(nil)
	s.wg.Wait()
	if want := [][2]int{{1, 1}, {2, 0}, {1, 0}}; !slices.Equal(s.groups, want) {
		t.Errorf("groups of %v calls and facts, want %v", s.groups, want)
	}
}

func TestQueueHasABound(t *testing.T) {
	s := stall(t)
	for i := range queueLength {
		s.commit(t, request(testFact(i+1)))
	}
	s.awaitWaiting(t, queueLength)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if err := s.Commit(ctx, request(testFact(-1))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more than the queue holds: %v", err)
	}
	s.release(nil)
	s.wg.Wait()
	if _, calls, err := contents(s.Store); err != nil || len(calls) != 1+queueLength {
		t.Errorf("%d calls, %v", len(calls), err)
	}
}

func TestContextBoundsTheWaitingOnly(t *testing.T) {
	s := stall(t)
	ctx, cancel := context.WithCancel(context.Background())
	waiting := request(testFact(1))
	answer := make(chan error)
	go func() { answer <- s.Commit(ctx, waiting) }()
	s.awaitWaiting(t, 1)
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("a commit cancelled while it waited: %v", err)
	}
	// The buffers are the caller's again, though the job is still queued.
	waiting.Facts[0] = testFact(2)

	s.release(nil)
	s.wg.Wait()
	facts, calls, err := contents(s.Store)
	if err != nil || len(facts) != 1 || len(calls) != 1 {
		t.Errorf("%d facts of %d calls (%v), want those of the first only", len(facts), len(calls), err)
	}
}

func TestStartedCommitIsNotUndone(t *testing.T) {
	d := newDisk()
	s := d.open(t, Config{})
	entered, _, release := d.stall(t)
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error)
	r := request(testFact(1))
	go func() { answer <- s.Commit(ctx, r) }()
	<-entered
	cancel()
	select {
	case err := <-answer:
		t.Fatalf("a started commit was left alone (%v) while its buffers were in use", err)
	case <-time.After(20 * time.Millisecond):
	}
	release(nil)
	if err := <-answer; err != nil || r.Decisions[0].Outcome != store.Created {
		t.Errorf("a commit cancelled after its start: %v, %v", err, r.Decisions)
	}
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	s := stall(t)
	const waiting = 20
	for i := range waiting {
		s.commit(t, request(testFact(i+1)))
	}
	s.awaitWaiting(t, waiting)
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	eventually(t, "the store is closed", s.gate.IsClosed)
	if err := s.Commit(context.Background(), request(testFact(-1))); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a commit while the store closes: %v", err)
	}
	s.release(nil)
	s.wg.Wait()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	select {
	case <-s.finished:
	default:
		t.Error("the committer outlives Close")
	}
	again := s.disk.powerCut(0, 0).open(t, Config{})
	if _, calls, err := contents(again); err != nil || len(calls) != 1+waiting {
		t.Errorf("%d calls (%v), want all that waited", len(calls), err)
	}
}

// TestCloseWaitsForScans: Pebble must not be closed under an iterator.
func TestCloseWaitsForScans(t *testing.T) {
	s := newDisk().open(t, Config{})
	commit(t, s, request(testFact(1)))
	closed := make(chan error)
	for range s.ScanCalls(context.Background(), 0) {
		go func() { closed <- s.Close() }()
		eventually(t, "the store is closed", s.gate.IsClosed)
		select {
		case <-s.finished:
			t.Error("Close went on in the middle of a scan")
		case <-time.After(20 * time.Millisecond):
		}
		break
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// TestNamesAreDurableBeforeTheirIDs: an id that anybody has seen stands for the
// same name after a power cut, also if the name came with a group of others.
func TestNamesAreDurableBeforeTheirIDs(t *testing.T) {
	s := stall(t)
	names := []string{"a", "b", "a"}
	ids := make([][3]store.NameID, 8)
	for i := range ids {
		s.wg.Go(func() {
			if err := s.Intern(context.Background(), names, ids[i][:]); err != nil {
				t.Error(err)
			}
		})
	}
	s.awaitWaiting(t, len(ids))
	if name, ok, _ := s.Name(context.Background(), 1); ok {
		t.Errorf("the id of %q is used before it is durable", name)
	}
	s.release(nil)
	s.wg.Wait()
	again := s.disk.powerCut(0, 0).open(t, Config{})
	for _, got := range ids {
		if got != [3]store.NameID{1, 2, 1} {
			t.Errorf("ids %v", got)
		}
	}
	for i, want := range []string{"a", "b"} {
		if name, ok, err := again.Name(context.Background(), store.NameID(i+1)); err != nil || !ok || name != want {
			t.Errorf("after a power cut %d stands for %q (%v), want %q", i+1, name, err, want)
		}
	}
}
