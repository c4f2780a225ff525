package storetest

import (
	"math"

	"github.com/meterd/meterd/internal/store"
)

const (
	created  = store.Created
	same     = store.Same
	conflict = store.Conflict
	skipped  = store.Skipped
)

func testToldAgain(f *fixture) {
	for i, c := range []struct {
		name   string
		change func(*store.Fact)
		want   store.Outcome
	}{
		{"nothing", func(*store.Fact) {}, same},
		{"timestamp", func(f *store.Fact) { f.Timestamp++ }, same},
		{"end", func(f *store.Fact) { f.Until = now + 1 }, same},
		{"call", func(f *store.Fact) { f.Call = 99 }, same},
		{"quantity", func(f *store.Fact) { f.Quantity++ }, conflict},
		{"quantity 0", func(f *store.Fact) { f.Quantity = 0 }, conflict},
		{"detail", func(f *store.Fact) { f.Detail = []byte("allocation X") }, conflict},
		{"longer detail", func(f *store.Fact) { f.Detail = append([]byte("allocation 1"), 0) }, conflict},
		{"no detail", func(f *store.Fact) { f.Detail = nil }, conflict},
	} {
		first := usage(i)
		one := f.tells([]store.Outcome{created}, first)
		f.equal(c.name+": first decision",
			[]store.Decision{{Outcome: created, Quantity: first.Quantity, Call: one.CallID}}, one.Decisions)

		two := f.tells([]store.Outcome{c.want}, with(first, c.change))
		f.equal(c.name+": second decision",
			[]store.Decision{{Outcome: c.want, Quantity: first.Quantity, Call: one.CallID}}, two.Decisions)
		f.equal(c.name+": the fact that stands", told(first, one.CallID), f.lookup(first.Key))
	}
}

func testEqualKeysInOneRequest(f *fixture) {
	first := usage(1)
	again := with(first, func(f *store.Fact) { f.Timestamp++ })
	other := with(first, func(f *store.Fact) { f.Quantity = 7 })
	r := f.tells([]store.Outcome{created, same, conflict, created, same}, first, again, other, usage(2), first)
	for i := range 3 {
		f.equal("the standing fact",
			store.Decision{Outcome: r.Decisions[i].Outcome, Quantity: first.Quantity, Call: r.CallID}, r.Decisions[i])
	}
	f.equal("all facts", []store.Fact{told(first, r.CallID), told(usage(2), r.CallID)},
		f.facts(everything(store.UsageByLicense), noLimit))
}

// testEachFieldOfAKey: facts that differ in one field only are different facts.
func testEachFieldOfAKey(f *fixture) {
	var facts []store.Fact
	var want []store.Outcome
	for i, change := range []func(*store.Key){
		func(*store.Key) {},
		func(k *store.Key) { k.Kind = store.UsageByProduct },
		func(k *store.Key) { k.Hour++ },
		func(k *store.Key) { k.Scope++ },
		func(k *store.Key) { k.Subject++ },
		func(k *store.Key) { k.Party++ },
		func(k *store.Key) { k.Dimension++ },
		func(k *store.Key) { k.Tail[0] = 1 },
		func(k *store.Key) { k.Tail[15] = 1 },
	} {
		fact := usage(1)
		change(&fact.Key)
		fact.Quantity = int64(i)
		facts = append(facts, fact)
		want = append(want, created)
	}
	r := f.tells(want, facts...)
	for _, fact := range facts {
		f.equal("the fact that stands", told(fact, r.CallID), f.lookup(fact.Key))
	}
}

func testExtremeValues(f *fixture) {
	least := store.Fact{Key: store.Key{Kind: 'A'}, Quantity: math.MinInt64, Timestamp: math.MinInt64}
	most := store.Fact{
		Key: store.Key{
			Kind:      'Z',
			Hour:      math.MaxUint32 - 1,
			Scope:     math.MaxUint32,
			Subject:   math.MaxUint32,
			Party:     math.MaxUint32,
			Dimension: math.MaxUint32,
		},
		Quantity:  math.MaxInt64,
		Detail:    make([]byte, 1<<16),
		Timestamp: math.MaxInt64,
		Until:     math.MaxInt64,
	}
	for i := range most.Key.Tail {
		most.Key.Tail[i] = 0xFF
	}
	r := f.tells([]store.Outcome{created, created}, least, most)
	for _, fact := range []store.Fact{least, most} {
		want := told(fact, r.CallID)
		f.equal("looked up", want, f.lookup(fact.Key))
		f.equal("scanned", []store.Fact{want}, f.facts(everything(fact.Key.Kind), noLimit))
	}
	f.tells([]store.Outcome{same, same}, least, most)
}

func testUnknownKinds(f *fixture) {
	for _, kind := range []store.Kind{0, 'A' - 1, 'Z' + 1, 'c', 0xFF} {
		fact := with(usage(1), func(f *store.Fact) { f.Key.Kind = kind })
		if err := f.store.Commit(f.ctx, tell(usage(2), fact)); err == nil {
			f.Errorf("a fact of kind %q was committed", byte(kind))
		}
		if _, _, err := f.store.Lookup(f.ctx, fact.Key); err == nil {
			f.Errorf("a fact of kind %q was looked up", byte(kind))
		}
		for _, err := range f.store.Scan(f.ctx, everything(kind)) {
			if err == nil {
				f.Errorf("a fact of kind %q was scanned", byte(kind))
			}
		}
	}
	f.equal("facts of refused requests", nil, anyOf(f.facts(everything(store.UsageByLicense), noLimit)))
	f.equal("calls of refused requests", nil, anyOf(f.calls(0)))
}

// anyOf makes an empty slice comparable with an untyped nil.
func anyOf[T any](items []T) any {
	if len(items) == 0 {
		return nil
	}
	return items
}

func testLookup(f *fixture) {
	r := f.tells([]store.Outcome{created}, usage(1))
	f.equal("a fact", told(usage(1), r.CallID), f.lookup(usage(1).Key))

	fact, ok, err := f.store.Lookup(f.ctx, usage(2).Key)
	f.must(err)
	if ok {
		f.Errorf("a fact that nobody told: %+v", fact)
	}
}
