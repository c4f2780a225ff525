package storetest

import (
	"github.com/meterd/meterd/internal/store"
)

// kept are facts that outlive every DropBefore.
func kept() []store.Fact {
	registration := store.Fact{Key: store.Key{Kind: store.Registration, Subject: 5, Party: 6}, Quantity: 1}
	return []store.Fact{token(1, 0), registration}
}

func testDropBefore(f *fixture) {
	var usages []store.Fact
	for _, kind := range store.UsageKinds {
		for hour := thisHour - 3; hour <= thisHour+1; hour++ {
			usages = append(usages, with(usage(1), func(f *store.Fact) { f.Key.Kind, f.Key.Hour = kind, hour }))
		}
	}
	f.commit(tell(append(usages, kept()...)...))

	check := func(kind store.Kind, want ...store.Hour) {
		f.Helper()
		var got []store.Hour
		for _, fact := range f.facts(everything(kind), noLimit) {
			got = append(got, fact.Key.Hour)
		}
		f.equal("hours of kind "+string(kind), want, got)
	}
	f.must(f.store.DropBefore(f.ctx, 0))
	f.must(f.store.DropBefore(f.ctx, thisHour-3))
	check(store.UsageByLicense, thisHour-3, thisHour-2, thisHour-1, thisHour, thisHour+1)

	f.must(f.store.DropBefore(f.ctx, thisHour-1))
	for _, kind := range store.UsageKinds {
		check(kind, thisHour-1, thisHour, thisHour+1)
	}

	// Hours only ever leave: an earlier bound brings nothing back.
	f.must(f.store.DropBefore(f.ctx, thisHour-2))
	check(store.UsageByResource, thisHour-1, thisHour, thisHour+1)

	f.must(f.store.DropBefore(f.ctx, 1<<32-1))
	for _, kind := range store.UsageKinds {
		check(kind)
	}
	for _, fact := range kept() {
		f.equal("a fact that stays", told(fact, f.id(1)), f.lookup(fact.Key))
	}
	f.equal("number of calls", 1, len(f.calls(0)))
}

func testToldAfterDrop(f *fixture) {
	f.tells([]store.Outcome{created}, usage(1))
	f.must(f.store.DropBefore(f.ctx, thisHour+1))
	if _, ok, err := f.store.Lookup(f.ctx, usage(1).Key); ok || err != nil {
		f.Errorf("a dropped fact is looked up: %t, %v", ok, err)
	}
	other := with(usage(1), func(f *store.Fact) { f.Quantity = 5 })
	r := f.tells([]store.Outcome{created}, other)
	f.equal("a fact told after a drop", told(other, r.CallID), f.lookup(other.Key))
	f.equal("its call", f.id(2), r.CallID)
}

func testReset(f *fixture) {
	names := []string{"prod-1", "cust-1"}
	before := f.intern(names...)
	row := store.Row{Table: "keys", Key: "current", Value: []byte("secret")}
	f.must(f.store.Put(f.ctx, []store.Row{row}))
	f.commit(tell(append(kept(), usage(1), usage(2))...))
	f.commit(tell(usage(3)))

	f.must(f.store.Reset(f.ctx))
	for kind := store.Kind('A'); kind <= 'Z'; kind++ {
		f.equal("facts of kind "+string(kind), nil, anyOf(f.facts(everything(kind), noLimit)))
	}
	f.equal("calls", nil, anyOf(f.calls(0)))
	f.equal("rows", nil, anyOf(f.rows("keys")))
	f.equal("ids of names", before, f.intern(names...))

	r := f.tells([]store.Outcome{created}, with(usage(1), func(f *store.Fact) { f.Quantity = 5 }))
	f.equal("the first call after a reset", f.id(1), r.CallID)
	f.must(f.store.Put(f.ctx, []store.Row{row}))

	if !f.subject.Volatile {
		f.reopen()
		f.equal("calls after a reopening", 1, len(f.calls(0)))
		f.equal("facts after a reopening", 1, len(f.facts(everything(store.UsageByLicense), noLimit)))
	}
}
