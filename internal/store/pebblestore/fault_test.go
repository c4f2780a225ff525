package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/store"
)

// isLogWrite matches writes of the write-ahead log, as a full disk refuses them.
func isLogWrite(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".log")
}

// failing makes all operations that match fail.
func failing(match func(errorfs.Op) bool) func(errorfs.Op) error {
	return func(op errorfs.Op) error {
		if match(op) {
			return errorfs.ErrInjected
		}
		return nil
	}
}

func TestNoWritesAfterOneFailed(t *testing.T) {
	for name, match := range map[string]func(errorfs.Op) bool{"sync": isLogSync, "write": isLogWrite} {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			s := d.open(t, Config{})
			acked, unknown := request(testFact(1), testFact(2)), request(testFact(2), testFact(3), testFact(4))
			commit(t, s, acked)
			d.on(failing(match))

			err := s.Commit(context.Background(), unknown)
			if !errors.Is(err, store.ErrUnknownOutcome) || !errors.Is(err, errorfs.ErrInjected) {
				t.Errorf("a commit that the disk refused: %v", err)
			}
			if len(unknown.Decisions) != 0 || unknown.CallID != 0 {
				t.Errorf("it was decided: %v, call %d", unknown.Decisions, unknown.CallID)
			}

			// It stays so when the disk is well again: what it said about
			// earlier syncs is not to be trusted.
			checkStopped(t, s)
			d.on(nil)
			checkStopped(t, s)
			checkReadable(t, s, acked)

			for _, kept := range []int{0, 50, 100} {
				checkAfterPowerCut(t, d.powerCut(kept, 1), acked, unknown)
			}
		})
	}
}

// checkStopped checks that every write is refused, with the reason.
func checkStopped(t *testing.T, s *Store) {
	t.Helper()
	ctx := context.Background()
	for method, err := range map[string]error{
		"Commit":     s.Commit(ctx, request(testFact(5))),
		"Put":        s.Put(ctx, []store.Row{{Table: "t", Key: "k"}}),
		"Intern":     s.Intern(ctx, []string{"new"}, make([]store.NameID, 1)),
		"DropBefore": s.DropBefore(ctx, 1),
		"Reset":      s.Reset(ctx),
		"Stats":      s.Stats().Stopped,
	} {
		if !errors.Is(err, errorfs.ErrInjected) || errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("%s after a failed write: %v", method, err)
		}
	}
}

func checkReadable(t *testing.T, s *Store, acked *store.Request) {
	t.Helper()
	for _, want := range acked.Facts {
		if f, ok, err := s.Lookup(context.Background(), want.Key); err != nil || !ok || f.Quantity != want.Quantity {
			t.Errorf("fact %+v is read as %+v, %t, %v", want, f, ok, err)
		}
	}
	for _, err := range s.ScanCalls(context.Background(), 0) {
		if err != nil {
			t.Errorf("scanning calls: %v", err)
		}
	}
}

// checkAfterPowerCut: what was acknowledged is there, the request of unknown
// outcome is there as a whole or not at all, and can be told again.
func checkAfterPowerCut(t *testing.T, d *disk, acked, unknown *store.Request) {
	t.Helper()
	s := d.open(t, Config{})
	if _, calls, err := contents(s); err != nil || len(calls) < 1 || len(calls) > 2 {
		t.Errorf("after a power cut there are %d calls (%v), want 1 or 2", len(calls), err)
	}
	checkReadable(t, s, acked)
	_, there, err := s.Lookup(context.Background(), unknown.Facts[1].Key)
	if err != nil {
		t.Error(err)
	}
	want := []store.Outcome{store.Same, store.Created, store.Created}
	if there {
		want = []store.Outcome{store.Same, store.Same, store.Same}
	}
	commit(t, s, unknown)
	if got := outcomes(unknown); !slices.Equal(got, want) {
		t.Errorf("the request told again: %v, want %v", got, want)
	}
}

func TestThoseThatWaitWhenTheDiskFails(t *testing.T) {
	d := newDisk()
	s := d.open(t, Config{})
	entered, _, release := d.stall(t)
	first := make(chan error)
	go func() { first <- s.Commit(context.Background(), request(testFact(0))) }()
	<-entered
	const waiting = 10
	rest := make(chan error)
	for i := range waiting {
		go func() { rest <- s.Commit(context.Background(), request(testFact(i+1))) }()
	}
	eventually(t, "all wait", func() bool { return s.Stats().Waiting == waiting })
	release(errorfs.ErrInjected)
	if err := <-first; !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("the one that was being written: %v", err)
	}
	for range waiting {
		if err := <-rest; !errors.Is(err, errorfs.ErrInjected) || errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("one that waited: %v", err)
		}
	}
	if _, calls, err := contents(d.powerCut(100, 0).open(t, Config{})); err != nil || len(calls) > 1 {
		t.Errorf("%d calls (%v) though the store had stopped at the first", len(calls), err)
	}
}

// indexNow has all facts indexed.
func indexNow(t *testing.T, s *Store) {
	t.Helper()
	if err := s.DropBefore(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
}

// sortedTable returns a disk whose ledger holds facts 0 to n-1 in a sorted table.
func sortedTable(t *testing.T, n int) *disk {
	t.Helper()
	d := newDisk()
	s := d.open(t, Config{})
	for i := range n {
		commit(t, s, request(testFact(i)))
	}
	indexNow(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return d
}

// isTableRead matches reads of sorted tables.
func isTableRead(op errorfs.Op) bool { return op.Kind == errorfs.OpFileReadAt && isTable(op) }

func TestFactsThatCannotBeReadAreFaulted(t *testing.T) {
	d := sortedTable(t, 3)
	s := d.open(t, Config{CacheBytes: 1})
	inMemory := testFact(8)
	inMemory.Key.Hour++
	commit(t, s, request(inMemory))
	d.on(failing(isTableRead))

	r := request(testFact(0), testFact(9), testFact(9))
	commit(t, s, r)
	faulted := []store.Outcome{store.Faulted, store.Faulted, store.Faulted}
	if got := outcomes(r); !slices.Equal(got, faulted) || r.Decisions[0] != (store.Decision{Outcome: store.Faulted}) {
		t.Errorf("decisions about facts that cannot be read: %v", r.Decisions)
	}
	guarded := request(testFact(0), inMemory)
	guarded.Guarded = true
	commit(t, s, guarded)
	if got := outcomes(guarded); !slices.Equal(got, faulted[:2]) {
		t.Errorf("behind a guard that cannot be read: %v", got)
	}
	if _, _, err := s.Lookup(context.Background(), testFact(0).Key); !errors.Is(err, errorfs.ErrInjected) {
		t.Errorf("a lookup: %v", err)
	}
	if _, _, err := contents(s); !errors.Is(err, errorfs.ErrInjected) {
		t.Errorf("a scan: %v", err)
	}

	d.on(nil)
	commit(t, s, r)
	if got, want := outcomes(r), []store.Outcome{store.Same, store.Created, store.Same}; !slices.Equal(got, want) {
		t.Errorf("told again when the disk is well: %v, want %v", got, want)
	}
	_, calls, err := contents(s)
	if err != nil || !slices.Equal(calls[4].Outcomes, faulted) {
		t.Errorf("the call of the faulted facts: %v (%v)", calls[4].Outcomes, err)
	}
}

// TestNewFactsNeedNoRead: once the filter knows an hour, only what was told
// before is looked for.
func TestNewFactsNeedNoRead(t *testing.T) {
	d := sortedTable(t, 3)
	s := d.open(t, Config{CacheBytes: 1})
	commit(t, s, request(testFact(3)))
	hour := s.filter.hours[testFact(3).Key.Hour]
	eventually(t, "the hour is loaded", func() bool { return hour.loaded.Load() != nil })
	d.on(failing(isTableRead))
	r := request(testFact(4), testFact(3), testFact(0), testFact(4))
	commit(t, s, r)
	if got, want := outcomes(r), []store.Outcome{store.Created, store.Same, store.Faulted, store.Same}; !slices.Equal(got, want) {
		t.Errorf("with a filter, but no reads: %v, want %v", got, want)
	}
}

// TestReplayedLogIsDurable: a process that is killed leaves behind what it wrote
// and the disk had not confirmed. Who opens the ledger sees it and decides by
// it, so it must not be lost any more.
func TestReplayedLogIsDurable(t *testing.T) {
	d := newDisk()
	s := d.open(t, Config{})
	entered, _, _ := d.stall(t)
	go s.Commit(context.Background(), request(testFact(1)))
	<-entered

	killed := d.powerCut(100, 0)
	second := killed.open(t, Config{})
	r := request(testFact(1))
	commit(t, second, r)
	if r.Decisions[0].Outcome != store.Same {
		t.Fatalf("the written fact is %v after the kill; this test needs it to be there", r.Decisions[0].Outcome)
	}
	facts, _, err := contents(killed.powerCut(0, 0).open(t, Config{}))
	if _, ok := facts[testFact(1).Key]; !ok || err != nil {
		t.Errorf("a fact that was confirmed as the same is gone (%v)", err)
	}
}

// TestOpeningOutlastsAFullDisk: Pebble retries what it cannot write in the
// background; it must neither give up data nor spin.
func TestOpeningOutlastsAFullDisk(t *testing.T) {
	d := newDisk()
	s := d.open(t, Config{})
	commit(t, s, request(testFact(1)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var failures atomic.Int64
	d.on(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpCreate && isTable(op) && failures.Add(1) <= 2 {
			return fmt.Errorf("no space left on device: %w", errorfs.ErrInjected)
		}
		return nil
	})
	start := time.Now()
	checkReadable(t, d.open(t, Config{}), request(testFact(1)))
	if failures.Load() < 3 {
		t.Errorf("%d tables were begun, want the third to succeed", failures.Load())
	}
	if took := time.Since(start); took < 2*backgroundPause {
		t.Errorf("two failures took only %v", took)
	}
}

// TestCreationCutAnywhere: wherever the making of a ledger stops, the next
// opening makes it. What the disk has not confirmed is lost or kept as a whole
// here: Pebble relies on a file system that keeps the order of new names.
func TestCreationCutAnywhere(t *testing.T) {
	for step := int64(1); ; step++ {
		d := newDisk()
		var steps atomic.Int64
		d.on(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && steps.Add(1) >= step {
				return errorfs.ErrInjected
			}
			return nil
		})
		s, err := Open("ledger", Config{fs: d.fs()})
		if err == nil {
			s.Close() // It may fail, for the disk does by then.
		}
		for _, kept := range []int{0, 100} {
			cut := d.powerCut(kept, uint64(step))
			r := request(testFact(1))
			commit(t, cut.open(t, Config{}), r)
		}
		if steps.Load() < step {
			if step < 20 {
				t.Errorf("a ledger was made in %d steps; this test saw too little", step)
			}
			return
		}
	}
}
