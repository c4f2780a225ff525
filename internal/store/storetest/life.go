package storetest

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// errorsOf calls every method that may fail and returns what each answered.
func errorsOf(ctx context.Context, s store.Store, dir string) map[string]error {
	answers := map[string]error{
		"Commit":     s.Commit(ctx, tell(usage(1))),
		"DropBefore": s.DropBefore(ctx, thisHour+1),
		"DropCalls":  s.DropCalls(ctx, store.NewCallID(0, 9)),
		"Load":       s.Load(ctx, nil, []store.Fact{usage(3)}),
		"Intern":     s.Intern(ctx, []string{"a", "new"}, make([]store.NameID, 2)),
		"Put":        s.Put(ctx, []store.Row{row("t", "a", "1", 0)}),
		"Checkpoint": s.Checkpoint(ctx, dir),
		"Reset":      s.Reset(ctx),
	}
	_, _, answers["Lookup"] = s.Lookup(ctx, usage(2).Key)
	_, _, answers["Name"] = s.Name(ctx, 1)
	for _, err := range s.Scan(ctx, everything(store.UsageByLicense)) {
		answers["Scan"] = err
	}
	for _, err := range s.ScanCalls(ctx, 0) {
		answers["ScanCalls"] = err
	}
	_, answers["Heads"] = s.Heads(ctx)
	for _, err := range s.Rows(ctx, "t") {
		answers["Rows"] = err
	}
	return answers
}

// methods are those that errorsOf calls.
const methods = 14

func testCancelledContext(f *fixture) {
	f.tells([]store.Outcome{created}, usage(2))
	f.intern("a")
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	answers := errorsOf(ctx, f.store, filepath.Join(f.TempDir(), "copy"))
	f.equal("number of answers", methods, len(answers))
	for method, err := range answers {
		if !errors.Is(err, context.Canceled) {
			f.Errorf("%s with a cancelled context: %v", method, err)
		}
	}

	stale := tell(usage(1))
	stale.CallID, stale.Decisions = 5, []store.Decision{{Outcome: created}}
	if err := f.store.Commit(ctx, stale); err == nil || len(stale.Decisions) != 0 || stale.CallID != 0 {
		f.Errorf("a failed commit (%v) left call %d and decisions %v", err, stale.CallID, stale.Decisions)
	}

	f.equal("facts", []store.Fact{told(usage(2), f.id(1))}, f.facts(everything(store.UsageByLicense), noLimit))
	f.equal("rows", nil, anyOf(f.rows("t")))
	f.tells([]store.Outcome{created}, usage(1))
	f.equal("number of calls", 2, len(f.calls(0)))
}

func testClosed(f *fixture) {
	f.tells([]store.Outcome{created}, usage(2))
	f.must(f.store.Close())
	answers := errorsOf(f.ctx, f.store, filepath.Join(f.TempDir(), "copy"))
	answers["Close"] = f.store.Close()
	f.equal("number of answers", methods+1, len(answers))
	for method, err := range answers {
		if !errors.Is(err, store.ErrClosed) {
			f.Errorf("%s after Close: %v", method, err)
		}
	}
	f.equal("commits that wait in a closed store", 0, f.store.Stats().Waiting)
}

// load commits from several goroutines until the store is closed or stop is
// called, which waits for them and returns how many requests were acknowledged.
// Fact n is told by exactly one request.
func (f *fixture) load() (acknowledged *atomic.Int64, stop func() []*store.Request) {
	acknowledged = new(atomic.Int64)
	var (
		wg    sync.WaitGroup
		halt  atomic.Bool
		mu    sync.Mutex
		acked []*store.Request
	)
	for w := range 4 {
		wg.Go(func() {
			for i := 0; !halt.Load(); i++ {
				n := 3 * (i*4 + w)
				r := tell(usage(n), usage(n+1), usage(n+2))
				if err := f.store.Commit(f.ctx, r); errors.Is(err, store.ErrClosed) {
					return
				} else if err != nil {
					f.Errorf("committing under load: %v", err)
					return
				}
				acknowledged.Add(1)
				mu.Lock()
				acked = append(acked, r)
				mu.Unlock()
			}
		})
	}
	return acknowledged, func() []*store.Request {
		halt.Store(true)
		wg.Wait()
		return acked
	}
}

// await waits until n requests were acknowledged.
func (f *fixture) await(acknowledged *atomic.Int64, n int64) {
	f.Helper()
	for deadline := time.Now().Add(10 * time.Second); acknowledged.Load() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			f.Fatalf("%d requests were acknowledged in 10 s, want %d", acknowledged.Load(), n)
		}
	}
}

// whole checks that the store has every acknowledged request, and that each of
// its calls is there with all of its facts or not at all.
func (f *fixture) whole(acked []*store.Request) {
	f.Helper()
	byCall := map[store.CallID]int{}
	for _, fact := range f.facts(everything(store.UsageByLicense), noLimit) {
		byCall[fact.Call]++
	}
	calls := f.calls(0)
	for i, call := range calls {
		if call.ID != f.id(i+1) {
			f.Fatalf("call %d comes at place %d", call.ID, i+1)
		}
		if byCall[call.ID] != len(call.Outcomes) {
			f.Errorf("call %d created %d facts, of which %d are there", call.ID, len(call.Outcomes), byCall[call.ID])
		}
		delete(byCall, call.ID)
	}
	f.equal("facts without a call", map[store.CallID]int{}, byCall)
	for _, r := range acked {
		if r.CallID > f.id(len(calls)) {
			f.Fatalf("call %d was acknowledged, but the last is %d", r.CallID, len(calls))
		}
		for _, fact := range r.Facts {
			f.equal("an acknowledged fact", told(fact, r.CallID), f.lookup(fact.Key))
		}
	}
}

func testCloseUnderLoad(f *fixture) {
	acknowledged, stop := f.load()
	f.await(acknowledged, 20)
	f.must(f.store.Close())
	acked := stop()
	if len(acked) < 20 {
		f.Errorf("%d requests were acknowledged", len(acked))
	}
	if !f.subject.Volatile {
		f.store = f.open(f.dir)
		f.whole(acked)
	}
}

// testCloseInScan: a scan that meets Close ends at its next step.
func testCloseInScan(f *fixture) {
	f.commit(tell(usage(1), usage(2), usage(3)))
	closed := make(chan error, 1)
	yields := 0
	var last error
	for _, err := range f.store.Scan(f.ctx, everything(store.UsageByLicense)) {
		if yields == 0 {
			go func() { closed <- f.store.Close() }()
			for closing := error(nil); !errors.Is(closing, store.ErrClosed); {
				_, _, closing = f.store.Lookup(f.ctx, usage(1).Key)
			}
		}
		yields++
		last = err
	}
	if yields != 2 || !errors.Is(last, store.ErrClosed) {
		f.Errorf("a scan that met Close at its first fact yielded %d times and ended with %v", yields, last)
	}
	f.must(<-closed)
}

func testCheckpoint(f *fixture) {
	ids := f.intern("a", "b")
	f.must(f.store.Put(f.ctx, []store.Row{row("t", "a", "1", 0)}))
	acknowledged, stop := f.load()
	defer stop()
	f.await(acknowledged, 10)
	before := f.calls(0)

	dir := filepath.Join(f.TempDir(), "copy")
	err := f.store.Checkpoint(f.ctx, dir)
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	f.must(err)
	if err := f.store.Checkpoint(f.ctx, dir); !errors.Is(err, fs.ErrExist) {
		f.Errorf("a checkpoint into a directory that exists: %v", err)
	}
	f.await(acknowledged, acknowledged.Load()+10)
	f.whole(stop())

	original := f.store
	f.store = f.open(dir)
	f.whole(nil)
	f.equal("first calls of the copy", before, f.calls(0)[:len(before)])
	f.equal("names of the copy", ids, f.intern("a", "b"))
	f.equal("rows of the copy", []store.Row{row("t", "a", "1", 1)}, f.rows("t"))

	// From here on, each goes its own way.
	f.tells([]store.Outcome{created}, usage(1_000_000))
	f.store = original
	f.tells([]store.Outcome{created}, usage(1_000_000))
}

func testStats(f *fixture) {
	for i := range 50 {
		r := tell(usage(i))
		r.Call = make([]byte, 100)
		f.commit(r)
	}
	stats := f.store.Stats()
	if stats.Bytes < 50*100 {
		f.Errorf("50 calls of 100 bytes take %d bytes", stats.Bytes)
	}
	if stats.Waiting != 0 || stats.Stopped != nil {
		f.Errorf("an idle store has %d waiting and is stopped by %v", stats.Waiting, stats.Stopped)
	}
}

func testReopen(f *fixture) {
	f.commit(tell(append(kept(), usage(1), usage(2))...))
	f.commit(&store.Request{At: now, Call: []byte("no facts")})
	calls := f.calls(0)
	for range 2 {
		f.reopen()
		f.equal("calls", calls, f.calls(0))
		for _, fact := range append(kept(), usage(1), usage(2)) {
			f.equal("a fact", told(fact, f.id(1)), f.lookup(fact.Key))
		}
	}
	r := f.tells([]store.Outcome{same, conflict, created}, usage(1),
		with(usage(2), func(f *store.Fact) { f.Quantity = 0 }), usage(3))
	f.equal("the next call", f.id(len(calls)+1), r.CallID)
	f.equal("decisions about facts from before",
		store.Decision{Outcome: same, Quantity: 101, Call: f.id(1)}, r.Decisions[0])
	f.equal("calls", append(calls, called(r)), f.calls(0))
}
