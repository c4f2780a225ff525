package recorder

import (
	"context"
	"fmt"
	"testing"
)

// benchCustomers are customers with names as AWS has them, all of which have a
// counter that is settled.
func benchCustomers(b *testing.B, r *Recorder, n int) []Customer {
	list := make([]Customer, n)
	for i := range list {
		list[i] = Customer{
			AWSAccountID: fmt.Sprintf("%012d", 100_000_000_000+i),
			LicenseARN:   fmt.Sprintf("arn:aws:license-manager::111122223333:license:l-%032x", i),
		}
	}
	for range 3 {
		for _, c := range list {
			mustAdd(b, r, c, "requests", 1)
		}
	}
	return list
}

// BenchmarkAdd is Recorder.Add, and Counter.Add under handle, each from one
// goroutine and from as many as there are processors, with flushes going on.
func BenchmarkAdd(b *testing.B) {
	for _, customers := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("customers=%d", customers), func(b *testing.B) {
			r := open(b, Config{Interval: DefaultInterval})
			list := benchCustomers(b, r, customers)
			counters := make([]*Counter, customers)
			for i, c := range list {
				counters[i] = mustCounter(b, r, c, "requests")
			}
			b.Run("by=name", func(b *testing.B) {
				benchAdd(b, func(i int) error { return r.Add(context.Background(), list[i%customers], "requests", 1) })
			})
			b.Run("by=handle", func(b *testing.B) {
				benchAdd(b, func(i int) error { return counters[i%customers].Add(context.Background(), 1) })
			})
		})
	}
}

func benchAdd(b *testing.B, add func(int) error) {
	b.Run("run=alone", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := add(i); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("run=parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for i := 0; p.Next(); i++ {
				if err := add(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkFlush makes one unit of each customer durable.
func BenchmarkFlush(b *testing.B) {
	for _, customers := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("customers=%d", customers), func(b *testing.B) {
			r := open(b, Config{})
			list := benchCustomers(b, r, customers)
			mustFlush(b, r)
			for b.Loop() {
				for _, c := range list {
					mustAdd(b, r, c, "requests", 1)
				}
				mustFlush(b, r)
			}
		})
	}
}

// BenchmarkAddEvent is one durable event after the other, and as many at the
// same time as share a sync.
func BenchmarkAddEvent(b *testing.B) {
	r := open(b, Config{})
	e := Event{Customer: subscriber, Dimension: "users", Quantity: 1}
	b.Run("run=alone", func(b *testing.B) {
		for b.Loop() {
			if err := r.AddEvent(context.Background(), e); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("run=parallel", func(b *testing.B) {
		b.SetParallelism(64)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if err := r.AddEvent(context.Background(), e); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
