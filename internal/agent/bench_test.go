package agent

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

const (
	benchBatch   = 100
	benchCallers = 8
	// benchQueued is how many records wait while events are posted: of so many
	// customers and hours that all of them can be sent still.
	benchQueued          = 1_000_000
	benchQueuedCustomers = 50_000
)

// benched is an agent in a benchmark, with the connections of its callers and
// the time that was spent on it.
type benched struct {
	*world
	name  string
	keys  int
	conns []*caller
	next  int
	spent time.Duration
}

func newBenched(b *testing.B, name string, keys int) *benched {
	s := &benched{name: name, keys: keys}
	s.world = newWorld(b, func(p *plan.Plan) { p.DryRun, p.Clock = true, plan.ClockMachine })
	for range benchCallers {
		s.conns = append(s.conns, dial(b, s.api.Listener.Addr().String()))
	}
	return s
}

// account is the customer of the i-th event.
func (s *benched) account(i int) metering.AccountID {
	return metering.AccountID(fmt.Sprintf("%012d", i*7919%s.keys))
}

// body makes a batch of events with ids like UUIDs, spread over the keys.
func (s *benched) body() string {
	var b strings.Builder
	for range benchBatch {
		s.next++
		fmt.Fprintf(&b, `,{"id":"%08x-%04x-4000-8000-%012x","customer":"%s","dimension":"requests","quantity":1}`,
			uint32(s.next)*2654435761, s.next&0xffff, s.next, s.account(s.next))
	}
	return "[" + b.String()[1:] + "]"
}

// fill adds events, and makes a record of each if they are to wait.
func (s *benched) fill(b *testing.B, n int, queued bool) {
	part := min(n, outbox.EventsMax)
	customers, now := s.keys, time.Now()
	if queued {
		customers, now = benchQueuedCustomers, now.Add(-time.Duration(n/benchQueuedCustomers)*time.Hour)
	}
	for done := 0; done < n; done += part {
		events := make([]outbox.Event, part)
		for i := range events {
			events[i] = outbox.Event{ID: outbox.EventID(fmt.Sprintf("fill-%d", done+i)), Quantity: 1, Key: outbox.Key{
				Product: "saas", Customer: outbox.Customer{Account: metering.AccountID(fmt.Sprintf("%012d", (done+i)%customers))}, Dimension: "requests",
			}}
		}
		if _, err := s.agent.outbox.Add(context.Background(), events, now); err != nil {
			b.Fatal(err)
		}
		if !queued || (done+part)%customers > 0 {
			continue
		}
		now = now.Add(time.Hour)
		if _, err := s.agent.outbox.Freeze(context.Background(), now, 0); err != nil {
			b.Fatal(err)
		}
	}
	if stats, err := s.agent.outbox.Stats(context.Background()); err != nil || queued && stats.Pending != int64(n) {
		b.Fatalf("%d records wait, %v", stats.Pending, err)
	}
}

// round has all callers post a batch at the same time.
func (s *benched) round(b *testing.B) {
	bodies := make([]string, len(s.conns))
	for i := range bodies {
		bodies[i] = s.body()
	}
	start := time.Now()
	var posting sync.WaitGroup
	for i, c := range s.conns {
		posting.Go(func() {
			if err := c.post(bodies[i]); err != nil {
				b.Error(err)
			}
		})
	}
	posting.Wait()
	s.spent += time.Since(start)
}

// caller is a client that costs little beside the agent.
type caller struct {
	net.Conn
	answers *bufio.Reader
	request []byte
}

func dial(b *testing.B, address string) *caller {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return &caller{Conn: conn, answers: bufio.NewReader(conn)}
}

// post posts a batch, all of which must be accepted.
func (c *caller) post(body string) error {
	c.request = fmt.Appendf(c.request[:0], "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := c.Write(c.request); err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(answer.Body)
	if want := fmt.Sprintf(`{"accepted":%d,`, benchBatch); err == nil && !strings.HasPrefix(string(text), want) {
		err = fmt.Errorf("answered %s", text)
	}
	return err
}

// BenchmarkIngest posts durable events in batches of a hundred over HTTP, by
// turns to agents with few and many keys and with a long queue, and reports the
// rate of each and how the others compare with the first.
func BenchmarkIngest(b *testing.B) {
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

// BenchmarkIngestAlone has one caller, who waits for the disk after each batch.
func BenchmarkIngestAlone(b *testing.B) {
	s := newBenched(b, "", 100)
	for b.Loop() {
		b.StopTimer()
		body := s.body()
		b.StartTimer()
		if err := s.conns[0].post(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIngestMany has all callers post.
func BenchmarkIngestMany(b *testing.B) {
	s := newBenched(b, "", 100)
	for b.Loop() {
		s.round(b)
	}
	b.ReportMetric(float64(b.N*benchCallers*benchBatch)/s.spent.Seconds(), "events/s")
}
