package storetest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/meterd/meterd/internal/store"
)

const (
	// writers commit at the same time, each this many requests.
	writers           = 8
	requestsPerWriter = 25
)

// race lets writers commit what request makes for each of them, checks that
// the answers agree with each other and with what the store then tells, and
// returns how often each outcome occurred.
func (f *fixture) race(request func(writer, i int) *store.Request) map[store.Outcome]int {
	f.Helper()
	done := make([][]*store.Request, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range requestsPerWriter {
				r := request(w, i)
				if err := f.store.Commit(f.ctx, r); err != nil {
					f.Errorf("committing: %v", err)
					return
				}
				done[w] = append(done[w], r)
			}
		})
	}
	wg.Wait()

	requests := slices.Concat(done...)
	slices.SortFunc(requests, func(a, b *store.Request) int { return cmp.Compare(a.CallID, b.CallID) })
	var calls []store.Call
	standing := map[store.Key]store.Fact{}
	count := map[store.Outcome]int{}
	for n, r := range requests {
		f.equal("id of a call", f.id(n+1), r.CallID)
		calls = append(calls, called(r))
		// In the order of the calls, the answers are those of a lone writer.
		for i, fact := range r.Facts {
			want := decide(standing, fact, r.At, r.CallID)
			f.equal("decision", want, r.Decisions[i])
			count[want.Outcome]++
		}
	}
	f.equal("calls", calls, f.calls(0))
	f.equal("facts", sorted(standing, store.UsageByLicense), f.facts(everything(store.UsageByLicense), noLimit))
	return count
}

func testIdenticalRequests(f *fixture) {
	count := f.race(func(_, i int) *store.Request { return tell(usage(3*i), usage(3*i+1), usage(3*i+2)) })
	f.equal("outcomes", map[store.Outcome]int{
		created: 3 * requestsPerWriter, same: 3 * requestsPerWriter * (writers - 1),
	}, count)
}

func testConflictingRequests(f *fixture) {
	count := f.race(func(w, i int) *store.Request {
		return tell(with(usage(i), func(f *store.Fact) { f.Quantity = int64(w) }))
	})
	f.equal("outcomes", map[store.Outcome]int{
		created: requestsPerWriter, conflict: requestsPerWriter * (writers - 1),
	}, count)
}

func testDisjointRequests(f *fixture) {
	count := f.race(func(w, i int) *store.Request {
		n := 2 * (w*requestsPerWriter + i)
		return tell(usage(n), usage(n+1))
	})
	f.equal("outcomes", map[store.Outcome]int{created: 2 * requestsPerWriter * writers}, count)
}

func testOverlappingRequests(f *fixture) {
	const buyers = 40
	f.race(func(w, i int) *store.Request {
		rng := rand.New(rand.NewPCG(uint64(w), uint64(i)))
		var facts []store.Fact
		for range 1 + rng.IntN(10) {
			facts = append(facts, with(usage(rng.IntN(buyers)), func(f *store.Fact) { f.Quantity = rng.Int64N(2) }))
		}
		return tell(facts...)
	})
}
