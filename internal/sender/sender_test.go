package sender

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store/memstore"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var (
	legacy   = outbox.Key{Product: "demo-saas", Customer: outbox.Customer{Identifier: "cust-active"}, Dimension: "users"}
	unbought = outbox.Key{Product: "demo-saas", Customer: outbox.Customer{Identifier: "cust-pending"}, Dimension: "users"}
	licensed = outbox.Key{Product: "demo-concurrent", Customer: outbox.Customer{
		Account: "999900001111", License: "arn:aws:license-manager::111122223333:license:l-demo0001",
	}, Dimension: "users"}
	mistyped = outbox.Key{Product: "demo-sass", Customer: legacy.Customer, Dimension: "users"}
)

// world is an outbox, the real service and a sender between them. The clock of
// both stands still.
type world struct {
	*outbox.Outbox
	clock  *clock.Clock
	ledger *ledger.Ledger
	// wrap, if set, stands before the service.
	wrap  atomic.Pointer[func(http.Handler, http.ResponseWriter, *http.Request)]
	calls atomic.Int64
	cfg   Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: new(clock.Clock)}
	w.clock.Set(noon)
	w.clock.Freeze()
	var err error
	if w.ledger, err = ledger.Open(t.Context(), ledger.Config{Store: memstore.New(), Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	market, err := catalog.Demo(noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ledger.Apply(t.Context(), market); err != nil {
		t.Fatal(err)
	}
	front := server.New(server.Config{Ledger: w.ledger})
	service := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.calls.Add(1)
		if wrap := w.wrap.Load(); wrap != nil {
			(*wrap)(front, rw, r)
			return
		}
		front.ServeHTTP(rw, r)
	}))
	t.Cleanup(service.Close)
	c, err := client.New(t.Context(), client.Config{
		Region: "us-east-1", Endpoint: service.URL, Retryer: aws.NopRetryer{}, Rate: 1000,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAMETERDDEMO000001", "meterd-demo-secret-of-the-seller", ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.Outbox, err = outbox.Open(t.TempDir(), outbox.Config{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Outbox.Close() })
	w.cfg = Config{
		Outbox: w.Outbox, Client: c, Logger: slog.New(slog.DiscardHandler),
		Now: func() (time.Time, bool) { return w.clock.Now(), true },
	}
	return w
}

// through sets what stands before the service.
func (w *world) through(wrap func(http.Handler, http.ResponseWriter, *http.Request)) {
	if wrap == nil {
		w.wrap.Store(nil)
		return
	}
	w.wrap.Store(&wrap)
}

// told counts usage at a time, freezes its hour, and lets the clock stand after
// all of that.
func (w *world) told(t *testing.T, at time.Time, quantity int64, keys ...outbox.Key) {
	t.Helper()
	var events []outbox.Event
	for i, k := range keys {
		events = append(events, outbox.Event{ID: outbox.EventID(fmt.Sprint(at, i, k)), Key: k, Quantity: quantity, Time: at})
	}
	answers, err := w.Add(t.Context(), events, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range answers {
		if answer.Outcome != outbox.Accepted {
			t.Fatalf("%+v", answer)
		}
	}
	if later := at.Add(time.Hour); later.After(w.clock.Now()) {
		w.clock.Set(later)
	}
	if _, err := w.Freeze(t.Context(), w.clock.Now(), 0); err != nil {
		t.Fatal(err)
	}
}

// run runs a sender until stop.
func (w *world) run(t *testing.T) (s *Sender, stop func()) {
	t.Helper()
	s = New(w.cfg)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return s, stop
}

// states are how many records are in each state. The outbox has to add up.
func (w *world) states(t *testing.T) map[outbox.State]int {
	t.Helper()
	found := map[outbox.State]int{}
	for r, err := range w.Records(t.Context(), outbox.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		found[r.Fate.State]++
	}
	report, err := w.Check(t.Context())
	if err != nil || len(report.Problems) > 0 {
		t.Fatal(err, report.Problems)
	}
	return found
}

func (w *world) until(t *testing.T, want map[outbox.State]int) {
	t.Helper()
	var got map[outbox.State]int
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = w.states(t); cmp.Equal(want, got) {
			return
		}
	}
	t.Fatalf("after 30 s the records are %v, not %v", got, want)
}

// billed is what the service has, in all.
func (w *world) billed(t *testing.T) (sum int64) {
	t.Helper()
	for r, err := range w.ledger.Records(t.Context(), ledger.RecordFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		sum += r.Quantity
	}
	return sum
}

func TestVerdictsAreStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var mu sync.Mutex
	var accepted int
	var causes []outbox.Cause
	w.cfg.Settled = func(n int, refused []outbox.Record) {
		mu.Lock()
		defer mu.Unlock()
		accepted += n
		for _, r := range refused {
			causes = append(causes, r.Fate.Cause)
		}
	}
	w.told(t, noon, 5, legacy, unbought, licensed)
	w.told(t, noon.Add(time.Hour), 0, unbought)
	_, stop := w.run(t)
	// A refused record of nothing is not worth a person's time.
	w.until(t, map[outbox.State]int{outbox.Done: 2, outbox.Dead: 1, outbox.Discarded: 1})
	stop()
	if got := w.billed(t); got != 10 {
		t.Errorf("%d are billed, want 10", got)
	}
	if accepted != 2 || !slices.Equal(causes, []outbox.Cause{"CustomerNotSubscribed", "CustomerNotSubscribed"}) {
		t.Errorf("told of %d accepted and %v", accepted, causes)
	}
	for r, err := range w.DeadLetters(t.Context()) {
		if err != nil || r.Fate.Detail == "" || strings.Contains(r.Fate.Detail, "sent 1 times") {
			t.Errorf("%+v, %v", r.Fate, err)
		}
	}
}

// TestLostAnswer: the service has a record, and nobody heard of it. It is sent
// again as it was and counts once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.told(t, noon, 5, legacy)
	lost := 0
	w.through(func(front http.Handler, rw http.ResponseWriter, r *http.Request) {
		if lost++; lost > 1 {
			front.ServeHTTP(rw, r)
			return
		}
		front.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
	_, stop := w.run(t)
	w.until(t, map[outbox.State]int{outbox.Done: 1})
	stop()
	if got := w.billed(t); got != 5 || lost <= 1 {
		t.Errorf("%d are billed after %d calls", got, lost)
	}
}

// TestTroubleOfOneProduct holds up no other.
func TestTroubleOfOneProduct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.told(t, noon, 5, mistyped, legacy, licensed)
	s, stop := w.run(t)
	w.until(t, map[outbox.State]int{outbox.Done: 2, outbox.Pending: 1})
	for deadline := time.Now().Add(30 * time.Second); len(s.Troubles()) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	stop()
	troubles := s.Troubles()
	if len(troubles) != 1 || troubles[0].Product != mistyped.Product || troubles[0].Err == nil || troubles[0].Licensed {
		t.Errorf("%+v", troubles)
	}
	calls := w.calls.Load()
	if calls > 10 {
		t.Errorf("%d calls; a product that fails has to rest", calls)
	}
	// What was sent without an answer says so.
	w.clock.Advance(48 * time.Hour)
	if n, err := w.Expire(t.Context(), w.clock.Now()); n != 1 || err != nil {
		t.Errorf("%d expired, %v", n, err)
	}
	for r, err := range w.DeadLetters(t.Context()) {
		if err != nil || r.Fate.Attempts == 0 {
			t.Errorf("%+v, %v", r.Fate, err)
		}
	}
}

// TestRest: a pause grows with every failure and ends with a success.
func TestRest(t *testing.T) {
	t.Parallel()
	s := New(Config{Logger: slog.New(slog.DiscardHandler)})
	which := load{product: "p"}
	for _, want := range []time.Duration{restMin, 2 * restMin, 4 * restMin} {
		s.note(which, context.DeadlineExceeded)
		if got := s.rests[which].length; got != want {
			t.Errorf("rests for %s, want %s", got, want)
		}
		if s.serves(which) || !s.serves(load{product: "p", licensed: true}) {
			t.Error("the wrong load rests")
		}
	}
	for range 20 {
		s.note(which, context.DeadlineExceeded)
	}
	if got := s.rests[which].length; got != restMax {
		t.Errorf("rests for %s, want %s", got, restMax)
	}
	s.note(which, nil)
	if !s.serves(which) || len(s.Troubles()) != 0 {
		t.Error("it rests after a success")
	}
}

// TestDeadlineFirst: what ends first is sent first, whatever came first.
func TestDeadlineFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, hours := range []int{5, 1, 3} {
		w.told(t, noon.Add(time.Duration(hours)*time.Hour), int64(hours), legacy)
	}
	w.cfg.Serves = func(p metering.ProductCode) bool { return p == legacy.Product }
	w.told(t, noon, 9, licensed) // another service's
	s := New(w.cfg)
	loads, err := s.next(t.Context(), w.clock.Now())
	if err != nil || len(loads) != 1 {
		t.Fatalf("%v, %v", loads, err)
	}
	var order []int64
	for _, r := range loads[0] {
		order = append(order, r.Quantity)
	}
	if !slices.Equal(order, []int64{1, 3, 5}) {
		t.Errorf("sent in the order %v", order)
	}
	w.cfg.Now = func() (time.Time, bool) { return time.Time{}, false }
	if sent, err := New(w.cfg).send(t.Context()); sent || err != nil {
		t.Errorf("sent without knowing the time: %v, %v", sent, err)
	}
}

// TestStopWhileSending: the sender ends at once, and the next one sends again.
func TestStopWhileSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.told(t, noon, 5, legacy)
	entered := make(chan struct{}, 10)
	w.through(func(front http.Handler, rw http.ResponseWriter, r *http.Request) {
		front.ServeHTTP(httptest.NewRecorder(), r)
		entered <- struct{}{}
		<-r.Context().Done()
	})
	s, stop := w.run(t)
	s.Kick()
	<-entered
	stop()
	if got := w.states(t); got[outbox.Pending] != 1 {
		t.Errorf("%v", got)
	}
	w.through(nil)
	w.run(t)
	w.until(t, map[outbox.State]int{outbox.Done: 1})
	if got := w.billed(t); got != 5 {
		t.Errorf("%d are billed, want 5", got)
	}
}

// TestDisputedTime: a record from the service's future is nobody's dead letter.
// One of the clocks is wrong, and the service takes it when its own has come.
func TestDisputedTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.told(t, noon, 5, legacy)
	w.clock.Set(noon.Add(-2 * time.Hour)) // The service's; the sender is ahead of it.
	w.cfg.Now = func() (time.Time, bool) { return noon.Add(time.Hour), true }
	s, _ := w.run(t)
	for deadline := time.Now().Add(30 * time.Second); len(s.Troubles()) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if got := w.states(t); got[outbox.Pending] != 1 {
		t.Fatalf("%v", got)
	}
	w.clock.Set(noon.Add(time.Hour))
	w.until(t, map[outbox.State]int{outbox.Done: 1})
}

// TestExpiredMeanwhile: what a person or the time has settled since the sender
// looked is not sent.
func TestExpiredMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.told(t, noon, 5, legacy)
	s := New(w.cfg)
	loads, err := s.next(t.Context(), w.clock.Now())
	if err != nil || len(loads) != 1 {
		t.Fatalf("%v, %v", loads, err)
	}
	if _, err := w.Expire(t.Context(), noon.Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.submit(t.Context(), loads[0]); err != nil || w.calls.Load() != 0 {
		t.Errorf("%v, and %d calls", err, w.calls.Load())
	}
}
