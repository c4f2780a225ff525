package pebblestore

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// dropCalls are the calls of TestFaultWhileCallsAreDropped; then one more is
// loaded, in another shard.
const dropCalls = 12

// TestFaultWhileCallsAreDropped makes every single write of a short life fail in
// which calls are dropped and loaded. What the power cut then leaves is a log
// without gaps, from its beginning or from where it was cut, and all facts.
func TestFaultWhileCallsAreDropped(t *testing.T) {
	for name, fate := range matrix {
		t.Run(name, func(t *testing.T) {
			at, reached := int64(1), true
			for ; reached && !t.Failed(); at++ {
				d := newDisk()
				var count atomic.Int64
				liveDropping(t, d, &faultyFS{FS: d.mem, fate: func(w write) fault {
					if w.isManifest() || w.isNewLog() {
						return fine
					}
					return fate(w, at, count.Add(1))
				}})
				for _, kept := range []int{0, 50, 100} {
					checkDropped(t, fmt.Sprintf("write %d, %d%% kept", at, kept), d.powerCut(kept, uint64(at)))
				}
				reached = count.Load() >= at
			}
			t.Logf("%d writes failed, one at a time", at-2)
			if at < 10 {
				t.Error("this test saw too few writes")
			}
		})
	}
}

// loadedCall is one of another shard, behind calls that were dropped there.
func loadedCall() (store.Call, store.Fact) {
	c := store.Call{ID: store.NewCallID(2, 7), Outcomes: []store.Outcome{store.Created}}
	c.Facts = []store.Fact{testFact(1000)}
	c.Facts[0].Call = c.ID
	c.Hash = c.Link(audit.Hash{7})
	return c, c.Facts[0]
}

func liveDropping(t *testing.T, d *disk, fs *faultyFS) {
	t.Helper()
	s := d.open(t, Config{segmentFacts: 4})
	for i := range dropCalls {
		commit(t, s, request(testFact(i)))
		if i == dropCalls/2 {
			// The last that a power cut leaves of the witness.
			if err := s.witness.file.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open("ledger", Config{fs: fs, segmentFacts: 4, pause: time.Millisecond})
	if err != nil {
		return
	}
	defer s.Close() // It may fail, for the disk does.
	// Whether these succeed is seen in what is left.
	ctx := context.Background()
	s.DropCalls(ctx, 4)
	call, fact := loadedCall()
	s.Load(ctx, []store.Call{call}, []store.Fact{fact})
	s.DropCalls(ctx, 100)
}

func checkDropped(t *testing.T, what string, d *disk) {
	t.Helper()
	s := d.open(t, Config{segmentFacts: 4})
	heads, err := s.Heads(t.Context())
	if err != nil || len(heads) == 0 || heads[0].Call != dropCalls {
		t.Fatalf("%s: heads %v, %v", what, heads, err)
	}
	last := store.Head{}
	for c, err := range s.ScanCalls(t.Context(), 0) {
		switch first := last.Call == 0; {
		case err != nil:
			t.Fatalf("%s: %v", what, err)
		case c.ID.Shard() != 0:
		case first && c.ID != 1 && c.ID != 5 && c.ID != dropCalls, !first && (c.ID != last.Call+1 || c.Link(last.Hash) != c.Hash):
			t.Fatalf("%s: call %s follows call %s", what, c.ID, last.Call)
		default:
			last = store.Head{Call: c.ID, Hash: c.Hash}
		}
	}
	for i := range dropCalls {
		if f, ok, err := s.Lookup(t.Context(), testFact(i).Key); err != nil || !ok || f.Call != store.CallID(i+1) {
			t.Fatalf("%s: the fact of call %d is %+v (%t, %v)", what, i+1, f, ok, err)
		}
	}
	// What was loaded is there as a whole or not at all.
	call, fact := loadedCall()
	_, ok, err := s.Lookup(t.Context(), fact.Key)
	if loaded := len(heads) == 2; err != nil || ok != loaded || loaded && heads[1] != (store.Head{Call: call.ID, Hash: call.Hash}) {
		t.Fatalf("%s: heads %v, and the loaded fact is there: %t, %v", what, heads, ok, err)
	}
	r := request(testFact(0), testFact(2000))
	commit(t, s, r)
	if r.CallID != dropCalls+1 || r.Decisions[0].Outcome != store.Same || r.Decisions[1].Outcome != store.Created {
		t.Fatalf("%s: the next call is %s, decided %+v", what, r.CallID, r.Decisions)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
