package pebblestore

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/store"
)

// matrix are the faults of TestFaultAtEveryWrite, by the number of the write at
// which it begins and that of the write in question. A full disk refuses a few
// writes until somebody has made room, but syncs what it has.
var matrix = map[string]func(w write, at, n int64) fault{
	"not done":        once(notDone),
	"done but failed": once(doneButFailed),
	"torn":            once(torn),
	"disk full": func(w write, at, n int64) fault {
		if w.grows && n >= at && n < at+5 {
			return notDone
		}
		return fine
	},
}

func once(f fault) func(w write, at, n int64) fault {
	return func(w write, at, n int64) fault {
		if n == at {
			return f
		}
		return fine
	}
}

// matrixRequests are those of TestFaultAtEveryWrite: the first ones when the disk
// is well, the others when it is not. Each repeats a fact of the one before it.
func matrixRequests() (before, then []*store.Request) {
	for i := range 10 {
		r := request(testFact(i), testFact(i+1), testFact(100+i))
		if i < 3 {
			before = append(before, r)
		} else {
			then = append(then, r)
		}
	}
	return before, then
}

// liveMatrix makes a ledger, opens it again on a disk with a fault, uses all
// that writes, and returns the requests that were acknowledged and those that
// were not.
func liveMatrix(t *testing.T, d *disk, fs vfs.FS) (acked, failed []*store.Request) {
	t.Helper()
	acked, then := matrixRequests()
	s := d.open(t, Config{segmentFacts: 4})
	for _, r := range acked {
		commit(t, s, r)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open("ledger", Config{fs: fs, segmentFacts: 4, pause: time.Millisecond})
	if err != nil {
		return acked, then
	}
	defer s.Close() // It may fail, for the disk does.
	ctx := context.Background()
	for i, r := range then {
		if err := s.Commit(ctx, r); err != nil {
			failed = append(failed, r)
		} else {
			acked = append(acked, r)
		}
		switch i { // Whether these succeed is seen in what follows.
		case 2:
			s.Intern(ctx, []string{"name"}, make([]store.NameID, 1))
			s.DropBefore(ctx, 1)
		case 5:
			s.Put(ctx, []store.Row{{Table: "t", Key: "k"}})
		}
	}
	return acked, failed
}

// TestFaultAtEveryWrite makes every single write of a short life fail in every
// way. Whatever the power cut then leaves is a whole ledger with all that was
// acknowledged, and what was not can be told again. What ends the process is for
// TestProcessEndsRatherThanLosing.
func TestFaultAtEveryWrite(t *testing.T) {
	for name, fate := range matrix {
		t.Run(name, func(t *testing.T) {
			at, reached := int64(1), true
			for ; reached && !t.Failed(); at++ {
				d := newDisk()
				var count atomic.Int64
				acked, failed := liveMatrix(t, d, &faultyFS{FS: d.mem, fate: func(w write) fault {
					if w.isManifest() || w.isNewLog() {
						return fine
					}
					return fate(w, at, count.Add(1))
				}})
				for _, kept := range []int{0, 50, 100} {
					checkMatrix(t, fmt.Sprintf("write %d, %d%% kept", at, kept), d.powerCut(kept, uint64(at)), acked, failed)
				}
				reached = count.Load() >= at
			}
			t.Logf("%d writes failed, one at a time", at-2)
			if at < 50 {
				t.Error("this test saw too few writes")
			}
		})
	}
}

func checkMatrix(t *testing.T, what string, d *disk, acked, failed []*store.Request) {
	t.Helper()
	s := d.open(t, Config{segmentFacts: 4})
	facts, calls, err := contents(s)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, r := range acked {
		if r.CallID > store.CallID(len(calls)) || len(calls[r.CallID-1].Facts) != len(r.Facts) {
			t.Fatalf("%s: call %d is lost", what, r.CallID)
		}
		for _, f := range r.Facts {
			if facts[f.Key].Quantity != f.Quantity {
				t.Fatalf("%s: fact %+v of call %d became %+v", what, f, r.CallID, facts[f.Key])
			}
		}
	}
	for _, r := range failed {
		commit(t, s, r)
		for i, d := range r.Decisions {
			f, ok, err := s.Lookup(context.Background(), r.Facts[i].Key)
			if err != nil || !ok || f.Quantity != r.Facts[i].Quantity || f.Call != d.Call {
				t.Fatalf("%s: fact %d told again was decided %+v, and is %+v (%t, %v)", what, i, d, f, ok, err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
