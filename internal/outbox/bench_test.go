package outbox

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

const (
	benchBatch   = 100
	benchCallers = 8
	// benchQueued is how many records are queued while events are added.
	benchQueued = 1_000_000
)

// benched is an outbox in a benchmark, with the time that was spent on it.
type benched struct {
	*Outbox
	name  string
	keys  []Key
	now   time.Time
	next  int
	spent time.Duration
}

func newBenched(b *testing.B, name string, keys int) *benched {
	o, err := Open(b.TempDir(), Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { o.Close() })
	s := &benched{Outbox: o, name: name, now: noon}
	for i := range keys {
		s.keys = append(s.keys, Key{"prod-abc123", Customer{Account: metering.AccountID(fmt.Sprintf("%012d", i))}, "requests"})
	}
	return s
}

// events makes n events with ids like UUIDs, spread over the keys.
func (s *benched) events(n int) []Event {
	list := make([]Event, n)
	for i := range list {
		s.next++
		list[i] = Event{
			ID:       EventID(fmt.Sprintf("%08x-%04x-4000-8000-%012x", uint32(s.next)*2654435761, s.next&0xffff, s.next)),
			Key:      s.keys[s.next*7919%len(s.keys)],
			Quantity: 1,
		}
	}
	return list
}

// fill adds n events, and lets the engine come to rest. If they are to be
// queued, there is a record for each.
func (s *benched) fill(b *testing.B, n int, queued bool) {
	const part = 10_000
	for ; n > 0; n -= part {
		list := s.events(part)
		for i := range list {
			list[i].Key = s.keys[i%len(s.keys)]
		}
		if _, err := s.Add(context.Background(), list, s.now); err != nil {
			b.Fatal(err)
		}
		if !queued {
			continue
		}
		s.now = s.now.Add(time.Hour)
		if _, err := s.Freeze(context.Background(), s.now, 0); err != nil {
			b.Fatal(err)
		}
	}
	for s.db.Metrics().Compact.NumInProgress > 0 || s.db.Metrics().Flush.NumInProgress > 0 {
		time.Sleep(10 * time.Millisecond)
	}
}

// round has some callers add a batch each at the same time.
func (s *benched) round(b *testing.B) {
	var batches [benchCallers][]Event
	for i := range batches {
		batches[i] = s.events(benchBatch)
	}
	start := time.Now()
	var callers sync.WaitGroup
	for _, batch := range batches {
		callers.Go(func() {
			if _, err := s.Add(context.Background(), batch, s.now); err != nil {
				b.Error(err)
			}
		})
	}
	callers.Wait()
	s.spent += time.Since(start)
}

// BenchmarkAdd adds durable events in batches, by turns to outboxes with few and
// many keys and with a long queue, and reports the rate of each and how the
// others compare with the first.
func BenchmarkAdd(b *testing.B) {
	few, many, queued := newBenched(b, "1-key", 1), newBenched(b, "10000-keys", 10_000), newBenched(b, "1M-queued", 10_000)
	all := []*benched{few, many, queued}
	for _, s := range all {
		s.fill(b, benchQueued, s == queued)
	}
	rounds := 0
	for b.Loop() {
		for i := range all {
			// By turns, for what one leaves to be sorted slows the next.
			all[(i+rounds)%len(all)].round(b)
		}
		rounds++
	}
	for _, s := range all {
		b.ReportMetric(float64(rounds*benchCallers*benchBatch)/s.spent.Seconds(), s.name+"-events/s")
	}
	for _, s := range all[1:] {
		b.ReportMetric(few.spent.Seconds()/s.spent.Seconds(), s.name+"-ratio")
	}
}

// BenchmarkAddAlone has one caller, who waits for the disk after each batch.
func BenchmarkAddAlone(b *testing.B) {
	s := newBenched(b, "", 100)
	for b.Loop() {
		if _, err := s.Add(context.Background(), s.events(benchBatch), s.now); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSend takes 25 records from a long queue and settles them.
func BenchmarkSend(b *testing.B) {
	s := newBenched(b, "", 10_000)
	s.fill(b, 200_000, true)
	ctx := context.Background()
	now := noon.Add(time.Hour)
	for b.Loop() {
		var ids []RecordID
		var verdicts []Verdict
		for r, err := range s.Pending(ctx, now, 25) {
			if err != nil {
				b.Fatal(err)
			}
			ids = append(ids, r.ID)
			verdicts = append(verdicts, Verdict{Record: r.ID, State: Done, Status: metering.Success})
		}
		if err := s.MarkSent(ctx, ids, now); err != nil {
			b.Fatal(err)
		}
		if err := s.Settle(ctx, verdicts, now); err != nil {
			b.Fatal(err)
		}
	}
}
