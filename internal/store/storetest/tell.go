package storetest

import (
	"fmt"
	"math"
	"reflect"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

const (
	// now is when requests are received: 2026-11-22T00:55:00Z.
	now = int64(1_795_308_900_000)
	// thisHour is the hour of now.
	thisHour = store.Hour(now / 3_600_000)
)

// usage is a fact about the n-th buyer.
func usage(n int) store.Fact {
	return store.Fact{
		Key: store.Key{
			Kind:      store.UsageByLicense,
			Hour:      thisHour,
			Scope:     1,
			Subject:   2,
			Party:     store.NameID(n),
			Dimension: 3,
		},
		Quantity:  int64(100 + n),
		Detail:    fmt.Appendf(nil, "allocation %d", n),
		Timestamp: now - int64(n),
	}
}

// with returns f changed.
func with(f store.Fact, change func(*store.Fact)) store.Fact {
	change(&f)
	return f
}

// tell is a request with facts.
func tell(facts ...store.Fact) *store.Request {
	return &store.Request{At: now, Facts: facts, Call: fmt.Appendf(nil, "a call with %d facts", len(facts))}
}

// commit commits, and checks what must hold for every request.
func (f *fixture) commit(r *store.Request) {
	f.Helper()
	f.must(f.store.Commit(f.ctx, r))
	if len(r.Decisions) != len(r.Facts) {
		f.Fatalf("%d decisions for %d facts", len(r.Decisions), len(r.Facts))
	}
	if r.CallID == 0 {
		f.Fatal("a committed call has no id")
	}
}

// tells commits facts and compares their outcomes.
func (f *fixture) tells(want []store.Outcome, facts ...store.Fact) *store.Request {
	f.Helper()
	r := tell(facts...)
	f.commit(r)
	f.equal("outcomes", want, outcomes(r.Decisions))
	return r
}

func outcomes(decisions []store.Decision) []store.Outcome {
	out := make([]store.Outcome, len(decisions))
	for i, d := range decisions {
		out[i] = d.Outcome
	}
	return out
}

// told is a fact as the store must give it back.
func told(f store.Fact, call store.CallID) store.Fact {
	f.Call = call
	return f
}

// lookup returns the fact at a key that must be there.
func (f *fixture) lookup(k store.Key) store.Fact {
	f.Helper()
	fact, ok, err := f.store.Lookup(f.ctx, k)
	f.must(err)
	if !ok {
		f.Fatalf("there is no fact at %+v", k)
	}
	return fact
}

// everything is the whole of a kind, but for the very last hour.
func everything(kind store.Kind) store.Range {
	return store.Range{Kind: kind, ToHour: math.MaxUint32}
}

// facts scans at most limit facts.
func (f *fixture) facts(r store.Range, limit int) []store.Fact {
	f.Helper()
	var facts []store.Fact
	for fact, err := range f.store.Scan(f.ctx, r) {
		f.must(err)
		facts = append(facts, fact)
		if len(facts) == limit {
			break
		}
	}
	return facts
}

// noLimit is more than any test writes.
const noLimit = math.MaxInt

// called is the call that a committed request must have become, but for its hash.
func called(r *store.Request) store.Call {
	c := store.Call{ID: r.CallID, At: r.At, Entry: r.Call, Guarded: r.Guarded, Outcomes: outcomes(r.Decisions)}
	for _, fact := range r.Facts {
		c.Facts = append(c.Facts, told(fact, r.CallID))
	}
	return c
}

// calls scans calls, checks that they are a chain, and returns them without
// their hashes.
func (f *fixture) calls(after store.CallID) []store.Call {
	f.Helper()
	calls := f.linked(after)
	for i := range calls {
		// What the first call of a part comes behind is not known here.
		if i > 0 || after == 0 {
			before := audit.Genesis
			if i > 0 {
				before = calls[i-1].Hash
			}
			f.equal("hash of a call", calls[i].Link(before), calls[i].Hash)
		}
	}
	for i := range calls {
		calls[i].Hash = audit.Hash{}
	}
	return calls
}

// linked scans calls and returns them as they are.
func (f *fixture) linked(after store.CallID) []store.Call {
	f.Helper()
	var calls []store.Call
	for call, err := range f.store.ScanCalls(f.ctx, after) {
		f.must(err)
		calls = append(calls, call)
	}
	return calls
}

func (f *fixture) rows(table store.Table) []store.Row {
	f.Helper()
	var rows []store.Row
	for row, err := range f.store.Rows(f.ctx, table) {
		f.must(err)
		rows = append(rows, row)
	}
	return rows
}

// equal compares; nil and empty are the same, as they are on disk.
func (f *fixture) equal(what string, want, got any) {
	f.Helper()
	// The quick comparison first: cmp takes its time over large slices.
	if reflect.DeepEqual(want, got) {
		return
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		f.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
