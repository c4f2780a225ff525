package storetest

import (
	"fmt"
	"testing"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// testChain: the hashes are those that anybody can compute from what was told,
// also where the store decided otherwise than was asked.
func testChain(f *fixture) {
	guarded := tell(token(1, 0), usage(1))
	guarded.Guarded = true
	refused := tell(with(token(1, 0), func(f *store.Fact) { f.Detail = nil }), usage(2))
	refused.Guarded = true
	link := audit.Genesis
	var want []audit.Hash
	for _, r := range []*store.Request{
		{At: now, Call: []byte("no facts")}, tell(usage(1), usage(1)), guarded, refused, tell(usage(1), usage(3)), {},
	} {
		f.commit(r)
		call := called(r)
		link = call.Link(link)
		want = append(want, link)
	}
	for range 2 {
		var got []audit.Hash
		for _, call := range f.linked(0) {
			got = append(got, call.Hash)
		}
		f.equal("hashes", want, got)
		if !f.subject.Volatile {
			f.reopen()
		}
	}
	f.equal("hashes of a part", want[4], f.linked(f.id(4))[0].Hash)
}

func testHeads(f *fixture) {
	heads := func() []store.Head {
		f.Helper()
		heads, err := f.store.Heads(f.ctx)
		f.must(err)
		return heads
	}
	f.equal("heads of a new store", nil, anyOf(heads()))
	link := audit.Genesis
	check := func(r *store.Request) {
		f.Helper()
		f.commit(r)
		call := called(r)
		link = call.Link(link)
		f.equal("heads", []store.Head{{Call: r.CallID, Hash: link}}, heads())
	}
	for i := range 5 {
		check(tell(usage(i), usage(1)))
	}
	if !f.subject.Volatile {
		f.reopen()
		check(tell(usage(1)))
	}
	f.must(f.store.Reset(f.ctx))
	f.equal("heads after a reset", nil, anyOf(heads()))
	link = audit.Genesis
	check(tell(usage(1)))
}

// testReplay: all that a store tells follows from what it was told. A random
// history is derived anew from its calls alone.
func testReplay(t *testing.T, subject Subject) {
	for seed := range uint64(modelSeeds) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWalk(t, subject, seed)
			for range modelSteps {
				w.at += w.rng.Int64N(3)
				w.stepCommit()
			}
			if !subject.Volatile {
				w.reopen()
			}
			w.replay()
		})
	}
}

// replay derives outcomes, facts and the head from the calls of a store that has
// dropped nothing.
func (f *fixture) replay() {
	f.Helper()
	facts := map[store.Key]store.Fact{}
	count := map[store.Outcome]int{}
	head := store.Head{Hash: audit.Genesis}
	for _, call := range f.linked(0) {
		head = store.Head{Call: call.ID, Hash: call.Link(head.Hash)}
		f.equal("hash of a call", head.Hash, call.Hash)
		want := outcomes(decideAll(facts, &call))
		f.equal("outcomes of a call", want, call.Outcomes)
		for _, o := range want {
			count[o]++
		}
	}
	for _, o := range []store.Outcome{created, same, conflict, skipped} {
		if count[o] == 0 {
			f.Errorf("nothing was %v; this test saw too little", o)
		}
	}
	for kind := store.Kind('A'); kind <= 'Z'; kind++ {
		f.equal("facts of kind "+string(kind), sorted(facts, kind), f.facts(everything(kind), noLimit))
	}
	heads, err := f.store.Heads(f.ctx)
	f.must(err)
	f.equal("heads", []store.Head{head}, heads)
}
