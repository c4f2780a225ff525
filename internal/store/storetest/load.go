package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// chained is a history of a shard as another store has it: n calls behind a
// head, each of which tells a fact of its own and repeats that of the first.
func chained(after store.Head, n int) (calls []store.Call, facts []store.Fact) {
	last := after
	for i := range n {
		id := last.Call + 1
		own, repeated := usage(1000*int(id.Shard())+int(id.Seq())), usage(1000*int(id.Shard()))
		call := store.Call{
			ID: id, At: now + int64(i), Entry: fmt.Appendf(nil, "loaded %d", i), Guarded: i%2 == 0,
			Facts: []store.Fact{told(own, id), told(repeated, id)}, Outcomes: []store.Outcome{created, same},
		}
		facts = append(facts, call.Facts[0])
		if i == 0 {
			call.Outcomes[1] = created
			facts = append(facts, call.Facts[1])
		}
		call.Hash = call.Link(last.Hash)
		last = store.Head{Call: id, Hash: call.Hash}
		calls = append(calls, call)
	}
	return calls, facts
}

// beginning is what the first call of a shard comes behind.
func beginning(shard uint16) store.Head {
	return store.Head{Call: store.NewCallID(shard, 0), Hash: audit.Genesis}
}

// heads are those of the store.
func (f *fixture) heads() []store.Head {
	f.Helper()
	heads, err := f.store.Heads(f.ctx)
	f.must(err)
	return heads
}

// holds checks what the store has, now and after a reopening.
func (f *fixture) holds(calls []store.Call, facts []store.Fact) {
	f.Helper()
	slices.SortFunc(facts, func(a, b store.Fact) int { return a.Key.Compare(b.Key) })
	for range 2 {
		f.equal("calls", calls, f.linked(0))
		f.equal("facts", facts, f.facts(everything(store.UsageByLicense), noLimit))
		for _, fact := range facts {
			f.equal("a fact", fact, f.lookup(fact.Key))
		}
		if !f.subject.Volatile {
			f.reopen()
		}
	}
}

func testLoad(f *fixture) {
	calls, facts := chained(beginning(f.subject.Shard), 700)
	f.must(f.store.Load(f.ctx, nil, nil))
	f.must(f.store.Load(f.ctx, calls[:300], facts[:100]))
	f.must(f.store.Load(f.ctx, calls[300:], facts[100:]))
	f.holds(calls, facts)
	last := calls[len(calls)-1]
	f.equal("heads", []store.Head{{Call: last.ID, Hash: last.Hash}}, f.heads())
}

// testLoadGoesOn: what was loaded stands, also for a store that has taken the
// hour for a new one before, and the chain goes on behind it.
func testLoadGoesOn(f *fixture) {
	calls, facts := chained(beginning(f.subject.Shard), 3)
	f.must(f.store.Load(f.ctx, calls[:1], facts[:2]))
	f.tells([]store.Outcome{created}, usage(500))
	own := f.linked(calls[0].ID)
	f.equal("the call behind a loaded one", own[0].Link(calls[0].Hash), own[0].Hash)

	more, facts := chained(store.Head{Call: own[0].ID, Hash: own[0].Hash}, 2)
	f.must(f.store.Load(f.ctx, more, facts))
	f.equal("a loaded fact", facts[0], f.lookup(facts[0].Key))
	f.tells([]store.Outcome{same, conflict, created},
		facts[0], with(facts[1], func(f *store.Fact) { f.Quantity++ }), usage(600))
	f.equal("calls", 5, len(f.calls(0)))
}

// testLoadShards: the calls of other shards come with theirs, and those that are
// told later go behind the store's own.
func testLoadShards(f *fixture) {
	var calls []store.Call
	var facts []store.Fact
	var heads []store.Head
	for _, shard := range []uint16{0, 1, 7} {
		of, told := chained(store.Head{Call: store.NewCallID(shard, 40), Hash: audit.Hash{byte(shard)}}, 5)
		calls, facts = append(calls, of...), append(facts, told...)
		heads = append(heads, store.Head{Call: of[4].ID, Hash: of[4].Hash})
	}
	// In another order than that of the shards.
	f.must(f.store.Load(f.ctx, slices.Concat(calls[5:], calls[:5]), facts))
	f.equal("heads", heads, f.heads())
	f.holds(calls, facts)
	f.equal("heads", heads, f.heads())
	r := f.tells([]store.Outcome{created}, usage(500))
	if own := f.subject.Shard; r.CallID != heads[0].Call+1 || r.CallID.Shard() != own {
		f.Errorf("the next call is %s, behind %s of shard %d", r.CallID, heads[0].Call, own)
	}
	f.equal("number of heads", 3, len(f.heads()))
}

func testLoadGaps(f *fixture) {
	calls, facts := chained(beginning(f.subject.Shard), 5)
	f.must(f.store.Load(f.ctx, calls[:2], facts[:3]))
	for name, wrong := range map[string][]store.Call{
		"a gap":             calls[3:],
		"a gap within":      {calls[2], calls[4]},
		"a call again":      calls[1:],
		"the wrong order":   {calls[3], calls[2]},
		"a number 0":        {{ID: store.NewCallID(3, 0)}},
		"a gap of others":   {{ID: store.NewCallID(3, 5)}, {ID: store.NewCallID(3, 7)}},
		"others, and a gap": {{ID: store.NewCallID(3, 5)}, calls[4]},
	} {
		if err := f.store.Load(f.ctx, wrong, facts[3:]); !errors.Is(err, store.ErrGap) {
			f.Errorf("loading %s: %v", name, err)
		}
	}
	if err := f.store.Load(f.ctx, calls[2:], []store.Fact{{Key: store.Key{Kind: 'x'}}}); err == nil {
		f.Error("a fact of kind x was loaded")
	}
	f.holds(calls[:2], facts[:3])
	f.must(f.store.Load(f.ctx, calls[2:], facts[3:]))
	f.holds(calls, facts)
}

func testLoadBuffers(f *fixture) {
	calls, facts := chained(beginning(f.subject.Shard), 2)
	f.must(f.store.Load(f.ctx, calls, facts))
	for i := range calls {
		scribble(calls[i].Entry)
		clear(calls[i].Outcomes)
		for k := range calls[i].Facts {
			scribble(calls[i].Facts[k].Detail)
		}
		clear(calls[i].Facts)
	}
	calls, facts = chained(beginning(f.subject.Shard), 2)
	f.holds(calls, facts)
}

func testDropCalls(f *fixture) {
	for i := range 10 {
		f.tells([]store.Outcome{created}, usage(i))
	}
	calls := f.linked(0)
	heads := f.heads()
	// Refusals tell no facts; the index does not know of them.
	for range 5 {
		f.commit(&store.Request{At: now})
	}
	for _, c := range []struct{ upTo, first int }{{0, 1}, {3, 4}, {2, 4}, {12, 13}} {
		f.must(f.store.DropCalls(f.ctx, f.id(c.upTo)))
		if !f.subject.Volatile {
			f.reopen()
		}
		f.equal("the first call", f.id(c.first), f.linked(0)[0].ID)
		f.equal("number of calls", 15-c.first+1, len(f.linked(0)))
	}
	for i := range 10 {
		f.equal("a fact whose call was dropped", told(usage(i), f.id(i+1)), f.lookup(usage(i).Key))
	}
	f.tells([]store.Outcome{same, created}, usage(3), usage(20))
	all := f.linked(0)
	f.equal("hash of the next call", all[3].Link(all[2].Hash), all[3].Hash)
	f.equal("number of the next call", f.id(16), all[3].ID)
	if f.heads()[0] == heads[0] || len(calls) != 10 {
		f.Error("the head stood still")
	}
}

// testDropAllCalls: the newest call stays, and what other shards have.
func testDropAllCalls(f *fixture) {
	f.must(f.store.DropCalls(f.ctx, f.id(100)))
	other, _ := chained(beginning(5), 4)
	f.must(f.store.Load(f.ctx, other, nil))
	for i := range 3 {
		f.tells([]store.Outcome{created}, usage(i))
	}
	heads := f.heads()
	f.must(f.store.DropCalls(f.ctx, f.id(100)))
	f.must(f.store.DropCalls(f.ctx, store.NewCallID(5, 2)))
	f.must(f.store.DropCalls(f.ctx, store.NewCallID(6, 2)))
	f.equal("heads", heads, f.heads())
	var ids []store.CallID
	for _, call := range f.linked(0) {
		ids = append(ids, call.ID)
	}
	f.equal("calls", []store.CallID{f.id(3), other[2].ID, other[3].ID}, ids)
	if !f.subject.Volatile {
		f.reopen()
	}
	f.tells([]store.Outcome{same, created}, usage(1), usage(9))
	f.equal("number of calls", 4, len(f.linked(0)))
}
