package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/meterd/meterd/internal/store"
)

// scatter commits facts of three kinds and several hours in random order and
// returns those of one kind in key order.
func (f *fixture) scatter(kind store.Kind, n int) []store.Fact {
	f.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var wanted []store.Fact
	for i := range n {
		var facts []store.Fact
		for j, k := range store.UsageKinds {
			fact := store.Fact{Quantity: int64(len(store.UsageKinds)*i + j), Key: store.Key{
				Kind:      k,
				Hour:      thisHour + store.Hour(rng.IntN(4)),
				Scope:     store.NameID(rng.IntN(2)),
				Subject:   store.NameID(rng.IntN(3) * 200),
				Party:     store.NameID(rng.Uint32()),
				Dimension: store.NameID(rng.IntN(3)),
			}}
			if i%5 == 0 {
				fact.Key.Tail[rng.IntN(16)] = byte(rng.IntN(3))
			}
			facts = append(facts, fact)
		}
		r := tell(facts...)
		f.commit(r)
		for j, fact := range facts {
			if fact.Key.Kind == kind && r.Decisions[j].Outcome == created {
				wanted = append(wanted, told(fact, r.CallID))
			}
		}
	}
	slices.SortFunc(wanted, func(a, b store.Fact) int { return a.Key.Compare(b.Key) })
	return wanted
}

func testScanOrder(f *fixture) {
	want := f.scatter(store.UsageByProduct, 200)
	f.equal("facts of one kind", want, f.facts(everything(store.UsageByProduct), noLimit))

	// A key with an empty tail comes before those that only add a tail.
	plain := usage(1)
	tailed := with(plain, func(f *store.Fact) { f.Key.Tail[15] = 1 })
	next := with(plain, func(f *store.Fact) { f.Key.Dimension++ })
	f.commit(tell(next, tailed, plain))
	got := f.facts(store.Range{Kind: store.UsageByLicense, FromHour: thisHour, ToHour: thisHour + 1, After: store.Key{
		Kind: store.UsageByLicense, Hour: thisHour, Scope: 1, Subject: 2,
	}}, 3)
	f.equal("tails", []store.Key{plain.Key, tailed.Key, next.Key}, keys(got))
}

func keys(facts []store.Fact) []store.Key {
	out := make([]store.Key, len(facts))
	for i := range facts {
		out[i] = facts[i].Key
	}
	return out
}

func testScanEdges(f *fixture) {
	hour := func(h store.Hour) store.Fact {
		return with(usage(1), func(f *store.Fact) { f.Key.Hour = h })
	}
	const last = store.Hour(1<<32 - 1)
	f.commit(tell(hour(0), hour(1), hour(255), hour(256), hour(257), hour(last-1), hour(last)))
	for _, c := range []struct {
		from, to store.Hour
		want     []store.Hour
	}{
		{0, 0, nil},
		{0, 1, []store.Hour{0}},
		{1, 1, nil},
		{1, 256, []store.Hour{1, 255}},
		{255, 257, []store.Hour{255, 256}},
		{256, 255, nil},
		{258, last, []store.Hour{last - 1}},
		{0, last, []store.Hour{0, 1, 255, 256, 257, last - 1}},
		{last, last, nil},
	} {
		var got []store.Hour
		for _, fact := range f.facts(store.Range{Kind: store.UsageByLicense, FromHour: c.from, ToHour: c.to}, noLimit) {
			got = append(got, fact.Key.Hour)
		}
		if !slices.Equal(got, c.want) {
			f.Errorf("hours from %d to %d: %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

func testScanResume(f *fixture) {
	all := f.scatter(store.UsageByResource, 60)
	whole := everything(store.UsageByResource)
	for i, fact := range all {
		r := whole
		r.After = fact.Key
		f.equal("facts after a key", all[i+1:], f.facts(r, noLimit))

		// After need not be the key of a fact, nor lie in the range.
		r.After.Tail[15]++
		r.FromHour = fact.Key.Hour + 1
		rest := slices.DeleteFunc(slices.Clone(all), func(f store.Fact) bool { return f.Key.Hour <= fact.Key.Hour })
		f.equal("facts after a key before the range", rest, f.facts(r, noLimit))

		r.FromHour, r.ToHour = 0, fact.Key.Hour
		f.equal("facts after a key behind the range", nil, anyOf(f.facts(r, noLimit)))
	}
	for kind, want := range map[store.Kind][]store.Fact{store.UsageByResource - 1: all, store.UsageByResource + 1: nil} {
		r := whole
		r.After = store.Key{Kind: kind, Hour: thisHour + 2}
		f.equal("facts after a key of another kind", want, f.facts(r, noLimit))
	}
}

func testScanPages(f *fixture) {
	all := f.scatter(store.UsageByLicense, 200)
	for _, size := range []int{1, 7, 64, len(all), len(all) + 1} {
		r := everything(store.UsageByLicense)
		var got []store.Fact
		for page := f.facts(r, size); len(page) > 0 && len(got) <= len(all); page = f.facts(r, size) {
			got = append(got, page...)
			r.After = page[len(page)-1].Key
		}
		f.equal("all pages", all, got)
	}
}

func testScanBreak(f *fixture) {
	f.scatter(store.UsageByLicense, 20)
	for range 3 {
		if got := f.facts(everything(store.UsageByLicense), 1); len(got) != 1 {
			f.Errorf("%d facts before a break after the first", len(got))
		}
	}
	f.tells([]store.Outcome{created}, usage(1))
}

// testUseInScan: the loop's body may use the store, also to write.
func testUseInScan(f *fixture) {
	f.commit(tell(usage(1), usage(2), usage(3)))
	n := 0
	for fact, err := range f.store.Scan(f.ctx, everything(store.UsageByLicense)) {
		f.must(err)
		f.equal("a fact of the scan", fact, f.lookup(fact.Key))
		f.tells([]store.Outcome{same}, fact)
		n++
	}
	f.equal("facts", 3, n)
}

func testScanCancelled(f *fixture) {
	f.commit(tell(usage(1), usage(2), usage(3)))
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	yields := 0
	var last error
	for _, err := range f.store.Scan(ctx, everything(store.UsageByLicense)) {
		cancel()
		yields++
		last = err
	}
	if yields != 2 || !errors.Is(last, context.Canceled) {
		f.Errorf("a scan cancelled at its first fact yielded %d times and ended with %v", yields, last)
	}
}
