package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
)

const (
	// benchFacts is a full BatchMeterUsage.
	benchFacts = 25
	// benchBuyers is how many buyers meter an hour before the next begins.
	benchBuyers = 20_000
	// benchEntry is the size of a call's entry.
	benchEntry = 160
)

// Benchmark measures commits of new facts by 1, 16, 64 and 256 writers at a
// time.
func Benchmark(b *testing.B, open func(b *testing.B, dir string) store.Store) {
	for _, writers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := open(b, b.TempDir())
			defer s.Close()
			benchmarkCommit(b, s, writers)
		})
	}
}

func benchmarkCommit(b *testing.B, s store.Store, writers int) {
	requests := make(chan int, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			r := &store.Request{Facts: make([]store.Fact, benchFacts), Call: make([]byte, benchEntry)}
			for n := range requests {
				fillBench(r, n)
				if err := s.Commit(context.Background(), r); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ReportAllocs()
	start, n := time.Now(), 0
	for b.Loop() {
		requests <- n
		n++
	}
	close(requests)
	wg.Wait()
	b.ReportMetric(float64(n*benchFacts)/time.Since(start).Seconds(), "facts/s")
}

// fillBench makes r the n-th request: hours come in order, and each request
// tells of other buyers of one product.
func fillBench(r *store.Request, n int) {
	const perHour = benchBuyers / benchFacts
	hour := thisHour + store.Hour(n/perHour)
	r.At = int64(hour) * 3_600_000
	for i := range r.Facts {
		r.Facts[i] = store.Fact{
			Key: store.Key{
				Kind:      store.UsageByLicense,
				Hour:      hour,
				Scope:     1,
				Subject:   store.NameID(n % 50),
				Party:     store.NameID(n%perHour*benchFacts + i),
				Dimension: 1,
			},
			Quantity:  int64(i),
			Timestamp: r.At,
		}
	}
}
