package storetest

import (
	"slices"

	"github.com/meterd/meterd/internal/store"
)

// scribble overwrites a buffer.
func scribble(b []byte) {
	for i := range b {
		b[i] = '#'
	}
}

// testBuffersOfARequest: what the caller does with its buffers after Commit is
// its own business.
func testBuffersOfARequest(f *fixture) {
	facts := []store.Fact{usage(1), usage(2)}
	r := tell(slices.Clone(facts)...)
	f.commit(r)
	want := called(r)
	want.Entry = slices.Clone(want.Entry)
	for i := range want.Facts {
		want.Facts[i].Detail = slices.Clone(want.Facts[i].Detail)
	}
	f.equal("the caller's facts", facts, r.Facts)

	for i := range r.Facts {
		scribble(r.Facts[i].Detail)
		r.Facts[i] = store.Fact{Key: store.Key{Kind: 'X'}, Quantity: -1}
		r.Decisions[i] = store.Decision{Outcome: store.Faulted}
	}
	scribble(r.Call)

	f.equal("facts", []store.Fact{told(usage(1), r.CallID), told(usage(2), r.CallID)},
		f.facts(everything(store.UsageByLicense), noLimit))
	f.equal("calls", []store.Call{want}, f.calls(0))
	f.tells([]store.Outcome{same, same}, usage(1), usage(2))
}

// testBuffersOfAnAnswer: what the receiver does with what it was given is its
// own business, too.
func testBuffersOfAnAnswer(f *fixture) {
	r := f.tells([]store.Outcome{created, created}, usage(1), usage(2))
	scribble(f.lookup(usage(1).Key).Detail)
	facts := f.facts(everything(store.UsageByLicense), noLimit)
	want := []store.Fact{told(usage(1), r.CallID), told(usage(2), r.CallID)}
	f.equal("facts after the scan", want, facts)
	for _, fact := range facts {
		scribble(fact.Detail)
	}
	f.equal("facts", want, f.facts(everything(store.UsageByLicense), noLimit))

	for _, call := range f.calls(0) {
		scribble(call.Entry)
		for _, fact := range call.Facts {
			scribble(fact.Detail)
		}
		clear(call.Facts)
		clear(call.Outcomes)
	}
	f.equal("calls", []store.Call{called(r)}, f.calls(0))
}

func testDecisionsAreReused(f *fixture) {
	r := tell(usage(1), usage(2))
	r.Decisions = make([]store.Decision, 0, 8)
	f.commit(r)
	if &r.Decisions[0] != &r.Decisions[:8][0] || cap(r.Decisions) != 8 {
		f.Error("decisions with the capacity were allocated anew")
	}

	// A pooled request carries the decisions of its last use.
	r.Facts = r.Facts[:1]
	f.commit(r)
	f.equal("decisions", []store.Outcome{same}, outcomes(r.Decisions))

	r.Facts = []store.Fact{usage(3), usage(4), usage(5), usage(6), usage(7), usage(8), usage(9), usage(10), usage(11)}
	f.commit(r)
	f.equal("call of the last", r.CallID, r.Decisions[8].Call)
}
