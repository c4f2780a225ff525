package pgstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
	"github.com/meterd/meterd/internal/store/storetest"
)

// durable are the settings of a server that keeps its promises through a power
// cut.
var durable = map[string]string{"fsync": "on"}

func BenchmarkCommit(b *testing.B) {
	c := pgtest.Start(b, durable)
	storetest.Benchmark(b, func(b *testing.B, _ string) store.Store { return mustOpen(b, c.Database(b), Config{}) })
}

const (
	// raceFacts is a full BatchMeterUsage.
	raceFacts = 25
	// raceEntry is the size of a call's entry.
	raceEntry = 160
	// raceLap is how many requests each side commits in its turn.
	raceLap = 8000
	// raceWriters wait for their answers at the same time, for each replica.
	raceWriters = 256
)

// BenchmarkAgainstBare measures the store with 1 to 3 replicas, and then the bare
// program that inserts the same rows in the same groups. facts/s is the store's
// speed, bare-facts/s the other's, and ratio what is left of it; ratio-by-CPU is
// the same in CPU time, which a machine that is busy otherwise changes little.
func BenchmarkAgainstBare(b *testing.B) {
	for replicas := 1; replicas <= 3; replicas++ {
		b.Run(fmt.Sprintf("replicas=%d", replicas), func(b *testing.B) {
			c := pgtest.Start(b, durable)
			url := c.Database(b)
			var stores []*Store
			for range replicas {
				stores = append(stores, mustOpen(b, url, Config{}))
			}
			laps := 0
			ours := c.Measure(func() {
				for b.Loop() {
					runStores(b, stores, laps)
					laps++
				}
			})
			facts, bare := c.InsertBare(b, url)
			if facts != laps*raceLap*raceFacts {
				b.Fatalf("%d facts of %d laps", facts, laps)
			}
			b.ReportMetric(float64(facts)/ours.Time.Seconds(), "facts/s")
			b.ReportMetric(float64(facts)/bare.Time.Seconds(), "bare-facts/s")
			b.ReportMetric(bare.Time.Seconds()/ours.Time.Seconds(), "ratio")
			b.ReportMetric(bare.CPU.Seconds()/ours.CPU.Seconds(), "ratio-by-CPU")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// raceKey is the i-th fact of the n-th request: hours come in order, and each
// request tells of other buyers of one product.
func raceKey(n, i int) store.Key {
	const perHour = 800
	return store.Key{
		Kind:      store.UsageByLicense,
		Hour:      store.Hour(490_000 + n/perHour),
		Scope:     1,
		Subject:   store.NameID(n % 50),
		Party:     store.NameID(n%perHour*raceFacts + i),
		Dimension: 1,
	}
}

func runStores(b *testing.B, stores []*Store, lap int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range raceWriters * len(stores) {
		wg.Go(func() {
			s := stores[w%len(stores)]
			r := &store.Request{At: testNow, Facts: make([]store.Fact, raceFacts), Call: make([]byte, raceEntry)}
			for n := int(next.Add(1)) - 1; n < raceLap; n = int(next.Add(1)) - 1 {
				for i := range r.Facts {
					r.Facts[i] = store.Fact{Key: raceKey(lap*raceLap+n, i), Quantity: int64(i), Timestamp: testNow}
				}
				if err := s.Commit(context.Background(), r); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
