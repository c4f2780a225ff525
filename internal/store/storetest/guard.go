package storetest

import "github.com/meterd/meterd/internal/store"

// token is a guard as MeterUsage uses it: a key of no hour, with an end.
func token(n byte, until int64) store.Fact {
	return store.Fact{
		Key:    store.Key{Kind: store.ClientToken, Scope: 1, Tail: [16]byte{n, 15: n}},
		Detail: []byte("digest of the request"),
		Until:  until,
	}
}

func testGuard(f *fixture) {
	guarded := func(want []store.Outcome, facts ...store.Fact) *store.Request {
		f.Helper()
		r := tell(facts...)
		r.Guarded = true
		f.commit(r)
		f.equal("outcomes", want, outcomes(r.Decisions))
		return r
	}
	guard := token(1, 0)
	other := with(guard, func(f *store.Fact) { f.Detail = []byte("another digest") })

	first := guarded([]store.Outcome{created, created}, guard, usage(1))
	guarded([]store.Outcome{same, same, created}, guard, usage(1), usage(2))
	r := guarded([]store.Outcome{conflict, skipped, skipped}, other, usage(1), usage(3))
	f.equal("decisions behind a guard in conflict", []store.Decision{
		{Outcome: conflict, Call: first.CallID}, {Outcome: skipped}, {Outcome: skipped},
	}, r.Decisions)
	f.equal("the call of a guard in conflict", []store.Call{called(r)}, f.calls(r.CallID-1))

	// What was skipped was not remembered, and only the guard guards.
	guarded([]store.Outcome{created, conflict, created}, token(2, 0),
		with(usage(1), func(f *store.Fact) { f.Quantity = 0 }), usage(3))
	f.tells([]store.Outcome{conflict, created}, other, usage(4))
	guarded(nil)
}

func testUntil(f *fixture) {
	const end = now + 1000
	at := func(ms int64, want store.Outcome, fact store.Fact) *store.Request {
		f.Helper()
		r := tell(fact)
		r.At = ms
		f.commit(r)
		f.equal("outcome", want, r.Decisions[0].Outcome)
		return r
	}
	first := token(1, end)
	other := with(token(1, end+1000), func(f *store.Fact) { f.Detail = []byte("another digest") })

	one := at(now, created, first)
	at(end-1, same, first)
	at(end-1, conflict, other)
	f.equal("before the end", told(first, one.CallID), f.lookup(first.Key))

	two := at(end, created, other)
	f.equal("a fact told anew", store.Decision{Outcome: created, Call: two.CallID}, two.Decisions[0])
	f.equal("after the end", told(other, two.CallID), f.lookup(first.Key))
	f.equal("after the end", []store.Fact{told(other, two.CallID)}, f.facts(everything(store.ClientToken), noLimit))
	at(end+999, conflict, first)

	// An end in the past counts from the start, also within one request.
	past := token(2, now)
	r := f.tells([]store.Outcome{created, created}, past, past)
	f.equal("a fact without time to stand", told(past, r.CallID), f.lookup(past.Key))
}
