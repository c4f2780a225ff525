package pebblestore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// disk is a disk in memory that can lose power, and whose operations can be
// made to fail or to wait.
type disk struct {
	mem  *vfs.MemFS
	hook atomic.Pointer[func(errorfs.Op) error]
}

func newDisk() *disk { return &disk{mem: vfs.NewCrashableMem()} }

// on sets what happens before each operation; nil is nothing.
func (d *disk) on(hook func(errorfs.Op) error) {
	if hook == nil {
		d.hook.Store(nil)
		return
	}
	d.hook.Store(&hook)
}

func (d *disk) fs() vfs.FS {
	return errorfs.Wrap(d.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if hook := d.hook.Load(); hook != nil {
			return (*hook)(op)
		}
		return nil
	}))
}

// powerCut is the disk after a power cut, which keeps a share of what was not
// confirmed. 100 is a killed process: everything it wrote is there.
func (d *disk) powerCut(percent int, seed uint64) *disk {
	return &disk{mem: d.mem.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, 0)),
	})}
}

func (d *disk) open(t *testing.T, cfg Config) *Store {
	t.Helper()
	cfg.fs = d.fs()
	s, err := Open("ledger", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.on(nil)
		s.Close() // A second Close, or that of a store that has stopped, may fail.
	})
	return s
}

// isLogSync matches the syncs of the write-ahead log.
func isLogSync(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		return strings.HasSuffix(op.Path, ".log")
	}
	return false
}

func isTable(op errorfs.Op) bool { return strings.HasSuffix(op.Path, ".sst") }

// stall holds the next sync of the log until release, which says how it ends;
// entered is closed when it is held. syncs counts from then on.
func (d *disk) stall(t *testing.T) (entered chan struct{}, syncs *atomic.Int64, release func(error)) {
	entered, syncs = make(chan struct{}), new(atomic.Int64)
	held := make(chan error, 1)
	d.on(func(op errorfs.Op) error {
		if isLogSync(op) && syncs.Add(1) == 1 {
			close(entered)
			return <-held
		}
		return nil
	})
	release = func(err error) {
		select {
		case held <- err:
		default: // It was released before.
		}
	}
	t.Cleanup(func() { release(nil) })
	return entered, syncs, release
}

const testNow = int64(1_795_308_900_000)

// testFact is a fact about the n-th buyer.
func testFact(n int) store.Fact {
	return store.Fact{
		Key: store.Key{
			Kind: store.UsageByLicense, Hour: store.Hour(testNow / 3_600_000), Scope: 1, Subject: 2, Party: store.NameID(n),
		},
		Quantity: int64(n),
		Detail:   fmt.Appendf(nil, "detail %d", n),
	}
}

func request(facts ...store.Fact) *store.Request {
	return &store.Request{At: testNow, Facts: facts, Call: fmt.Appendf(nil, "%d facts", len(facts))}
}

func commit(t *testing.T, s *Store, r *store.Request) {
	t.Helper()
	if err := s.Commit(context.Background(), r); err != nil {
		t.Fatal(err)
	}
}

func outcomes(r *store.Request) []store.Outcome {
	var all []store.Outcome
	for _, d := range r.Decisions {
		all = append(all, d.Outcome)
	}
	return all
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s still not: %s", what)
		}
	}
}

// contents reads the ledger and checks that it is whole: calls are numbered
// without gaps and linked, and the facts are exactly those that they created.
func contents(s *Store) (facts map[store.Key]store.Fact, calls []store.Call, err error) {
	ctx := context.Background()
	facts = map[store.Key]store.Fact{}
	for kind := store.Kind('A'); kind <= 'Z'; kind++ {
		for f, err := range s.Scan(ctx, store.Range{Kind: kind, ToHour: 1<<32 - 1}) {
			if err != nil {
				return nil, nil, err
			}
			facts[f.Key] = f
		}
	}
	created := map[store.Key]store.Fact{}
	head := store.Head{Hash: audit.Genesis}
	for c, err := range s.ScanCalls(ctx, 0) {
		if err != nil {
			return nil, nil, err
		}
		if c.ID != head.Call+1 || c.Hash != c.Link(head.Hash) {
			return nil, nil, fmt.Errorf("call %d is not linked to call %d", c.ID, head.Call)
		}
		head = store.Head{Call: c.ID, Hash: c.Hash}
		calls = append(calls, c)
		for i, o := range c.Outcomes {
			if o == store.Created {
				created[c.Facts[i].Key] = c.Facts[i]
			}
		}
	}
	for key, f := range created {
		if !reflect.DeepEqual(facts[key], f) {
			return nil, nil, fmt.Errorf("the log has %+v, the index %+v", f, facts[key])
		}
	}
	if len(facts) != len(created) {
		return nil, nil, fmt.Errorf("the index has %d facts, the log %d", len(facts), len(created))
	}
	return facts, calls, nil
}
