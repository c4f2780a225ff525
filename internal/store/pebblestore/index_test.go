package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// isIndexing matches the making of tables for the index.
func isIndexing(op errorfs.Op) bool {
	return op.Kind == errorfs.OpCreate && strings.HasPrefix(filepath.Base(op.Path), "indexing-")
}

// TestIndexThatCannotBeWritten: while there is room for what is not indexed,
// commits go on. Then facts are refused, with the reason, until the index can be
// written again. Nothing is lost, nor is the store stopped.
func TestIndexThatCannotBeWritten(t *testing.T) {
	d := newDisk()
	s := d.open(t, Config{segmentFacts: 2, pause: time.Millisecond})
	d.on(failing(isIndexing))
	ctx := context.Background()
	n, err := 0, error(nil)
	for ; err == nil && n < 100; n++ {
		err = s.Commit(ctx, request(testFact(n)))
	}
	acked := n - 1
	if !errors.Is(err, errorfs.ErrInjected) || errors.Is(err, store.ErrUnknownOutcome) {
		t.Fatalf("commit %d with an index that cannot be written: %v", n, err)
	}
	if want := 2 * (sealedMax + 1); acked != want {
		t.Errorf("%d facts were taken up, want %d", acked, want)
	}
	if stopped := s.Stats().Stopped; !errors.Is(stopped, errorfs.ErrInjected) {
		t.Errorf("the store is stopped by %v", stopped)
	}
	if err := s.DropBefore(ctx, 1); !errors.Is(err, errorfs.ErrInjected) {
		t.Errorf("a drop: %v", err)
	}
	// Calls that tell no facts go on, and so do reads.
	commit(t, s, request())
	check := func(s *Store) {
		t.Helper()
		if facts, calls, err := contents(s); err != nil || len(facts) != acked || len(calls) != acked+1 {
			t.Errorf("%d facts, %d calls (%v), want %d", len(facts), len(calls), err, acked)
		}
	}
	check(s)
	check(d.powerCut(0, 0).open(t, Config{}))

	d.on(nil)
	eventually(t, "the store goes on", func() bool { return s.Commit(ctx, request(testFact(acked))) == nil })
	acked++
	check(s)
	if stopped := s.Stats().Stopped; stopped != nil {
		t.Errorf("the store is still stopped by %v", stopped)
	}
}

// TestNothingIsIndexedAfterTheLogFailed: where tables meet what is still in
// memory, Pebble would begin a new log, and end the process when it cannot end
// the old one.
func TestNothingIsIndexedAfterTheLogFailed(t *testing.T) {
	d := newDisk()
	s := d.open(t, Config{segmentFacts: 1, pause: time.Millisecond})
	acked := request(testFact(1))
	commit(t, s, acked)
	if err := s.DropBefore(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	d.on(failing(isIndexing))
	for n := range sealedMax {
		commit(t, s, request(testFact(2+n)))
	}
	d.on(failing(isLogSync))
	if err := s.Commit(context.Background(), request(testFact(9))); !errors.Is(err, store.ErrUnknownOutcome) {
		t.Fatalf("a commit that the disk refused: %v", err)
	}
	d.on(nil)
	eventually(t, "the indexer has nothing to do", func() bool { return len(s.sealed) == 0 })
	checkReadable(t, s, acked)
	checkReadable(t, s, request(testFact(2), testFact(3)))
}

// TestClosingDoesNotWaitForTheIndex: what is not indexed is in the log.
func TestClosingDoesNotWaitForTheIndex(t *testing.T) {
	d := newDisk()
	s := d.open(t, Config{segmentFacts: 1})
	d.on(failing(isIndexing))
	for n := range sealedMax + 1 {
		commit(t, s, request(testFact(n)))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	d.on(nil)
	if facts, _, err := contents(d.open(t, Config{})); err != nil || len(facts) != sealedMax+1 {
		t.Errorf("%d facts (%v)", len(facts), err)
	}
}

// TestIndexOfAnotherLog: an index that knows more than the log, or something
// else, is refused, because nobody can tell any more what is true.
func TestIndexOfAnotherLog(t *testing.T) {
	for name, c := range map[string]struct {
		indexed store.Head
		log     store.CallID
		says    string
	}{
		"ahead":   {indexed: store.Head{Call: 4}, says: "there is no call 4"},
		"other":   {indexed: store.Head{Call: 2, Hash: audit.Hash{1}}, says: "another call 2"},
		"a gap":   {log: 5, says: "call 5 follows call 3"},
		"far gap": {log: 1 << 40, says: "call 1099511627776 follows call 3"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ledger")
			s := mustOpen(t, dir, Config{})
			for n := range 3 {
				commit(t, s, request(testFact(n)))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if c.log != 0 {
				told := store.AppendTold(nil, request())
				writeRaw(t, dir, appendCallKey(nil, c.log), appendCall(nil, audit.Hash{}, nil, told))
			} else {
				writeRaw(t, dir, indexedKey, appendHead(nil, c.indexed))
			}
			refuses(t, dir, errDamaged)
			if _, err := Open(dir, Config{}); !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("opening: %v, want it to say %q", err, c.says)
			}
		})
	}
}

// TestViewsAreSorted compares a view of several segments with a sorted map.
func TestViewsAreSorted(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	b := newBacklog(100)
	newest := map[string]store.CallID{}
	for call := store.CallID(1); call <= 3000; call++ {
		f := testFact(rng.IntN(500))
		f.Key.Kind = store.UsageKinds[rng.IntN(3)]
		f.Key.Hour = store.Hour(rng.IntN(3))
		f.Key.Tail[rng.IntN(16)] = byte(rng.IntN(2))
		entry := appendEntry(nil, &f)
		key := string(entryKey(entry))
		// Few hashes, so that different keys meet.
		hash := uint64(len(key)+int(f.Key.Party)%7) << 32
		b.active.add(hash, f.Key.Hour, call, entry)
		newest[key] = call
		if got, _, ok := b.find(hash, []byte(key)); !ok || got != call {
			t.Fatalf("the fact of call %d is found as one of call %d (%t)", call, got, ok)
		}
		if call%700 == 0 {
			b.seal(store.Head{Call: call})
		}
	}
	from, to := appendHourKey(nil, store.UsageByProduct, 1), appendHourKey(nil, store.UsageByProduct, 2)
	for _, bounds := range [][2][]byte{{nil, nil}, {from, to}, {to, from}} {
		v, _ := b.view(func() error { return nil })
		got := v.sort(bounds[0], bounds[1])
		var want []string
		for key := range newest {
			if key >= string(bounds[0]) && (bounds[1] == nil || key < string(bounds[1])) {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		if len(got.refs) != len(want) {
			t.Fatalf("%d facts, want %d", len(got.refs), len(want))
		}
		for i, r := range got.refs {
			if call, key, _ := got.fact(r); string(key) != want[i] || call != newest[want[i]] {
				t.Fatalf("fact %d is %x of call %d, want %x of call %d", i, key, call, want[i], newest[want[i]])
			}
		}
	}
}

// TestScansSeeOneMoment: each request tells one fact anew and another for the
// first time. Who sees the second sees the first as new as that, also while
// facts go from the log into the index.
func TestScansSeeOneMoment(t *testing.T) {
	const requests = 300
	s := newDisk().open(t, Config{segmentFacts: 1})
	again := store.Key{Kind: store.ClientToken, Tail: [16]byte{15: 1}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range int64(requests) {
			first := store.Key{Kind: store.ClientToken, Hour: 1, Party: store.NameID(i)}
			r := request(store.Fact{Key: again, Quantity: i, Until: testNow}, store.Fact{Key: first, Quantity: i})
			if err := s.Commit(context.Background(), r); err != nil {
				t.Errorf("committing: %v", err)
			}
		}
	}()
	for scans := 0; ; scans++ {
		var seen, newest int64
		for f, err := range s.Scan(context.Background(), store.Range{Kind: store.ClientToken, ToHour: 2}) {
			if err != nil {
				t.Fatal(err)
			}
			if f.Key == again {
				seen = f.Quantity
			} else {
				newest = max(newest, f.Quantity)
			}
		}
		if seen != newest {
			t.Fatalf("scan %d saw fact %d told, but that which was told with it as of %d", scans, newest, seen)
		}
		select {
		case <-done:
			t.Logf("%d scans", scans)
			return
		default:
		}
	}
}
