package storetest

import (
	"bytes"
	"context"

	"github.com/meterd/meterd/internal/store"
)

func testCallOutcomesAndOrder(f *fixture) {
	var want []store.Call
	remember := func(r *store.Request) {
		want = append(want, called(r))
		f.equal("id of a call", f.id(len(want)), r.CallID)
	}
	remember(f.tells([]store.Outcome{created, created}, usage(2), usage(1)))
	remember(f.tells([]store.Outcome{same, conflict, created}, usage(1),
		with(usage(2), func(f *store.Fact) { f.Quantity = 0 }), usage(3)))

	// A call that was not committed takes no number.
	over, cancel := context.WithCancel(f.ctx)
	cancel()
	if err := f.store.Commit(over, tell(usage(4))); err == nil {
		f.Error("a commit with a cancelled context succeeded")
	}

	early := tell(usage(1))
	early.At = now - 5000
	f.commit(early)
	remember(early)

	f.equal("calls", want, f.calls(0))
}

func testCallWithoutFacts(f *fixture) {
	for i, entry := range [][]byte{[]byte("refused"), {}, nil} {
		r := &store.Request{At: -int64(i), Call: entry}
		f.commit(r)
		f.equal("call", []store.Call{{ID: f.id(i + 1), At: -int64(i), Entry: entry}}, f.calls(f.id(i)))
	}
	r := tell(usage(1))
	r.Call = nil
	f.commit(r)
	f.equal("a fact of an empty call", told(usage(1), f.id(4)), f.lookup(usage(1).Key))
}

func testCallsResume(f *fixture) {
	const n = 300
	for i := range n {
		f.commit(&store.Request{At: now + int64(i)})
	}
	seen := 0
	for page := 0; ; page++ {
		inPage := 0
		for call, err := range f.store.ScanCalls(f.ctx, f.id(seen)) {
			f.must(err)
			if call.ID != f.id(seen+1) || call.At != now+int64(seen) {
				f.Fatalf("call %d received at %d follows call %d", call.ID, call.At, seen)
			}
			seen++
			if inPage++; inPage == 7+page {
				break
			}
		}
		if inPage == 0 {
			break
		}
	}
	f.equal("last call", n, seen)
	f.equal("calls after one to come", nil, anyOf(f.calls(f.id(n+1))))
	f.equal("calls after the last number", nil, anyOf(f.calls(^store.CallID(0))))
}

func testLargeCall(f *fixture) {
	r := tell(usage(1))
	r.Call = bytes.Repeat([]byte{0, 0xFF, 'x'}, 1<<20)
	f.commit(r)
	f.equal("fact", told(usage(1), r.CallID), f.lookup(usage(1).Key))
	calls := f.calls(0)
	if len(calls) != 1 || !bytes.Equal(calls[0].Entry, r.Call) {
		f.Error("a large call did not come back as it was told")
	}
}
