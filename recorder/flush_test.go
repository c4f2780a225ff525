package recorder

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/outbox"
)

// TestNoAddIsLostToAFlush adds from many goroutines while everything is flushed
// all the time, and closes in the middle of it. What Add took is on the disk, to
// the unit.
func TestNoAddIsLostToAFlush(t *testing.T) {
	const writers, customers = 4, 50
	r := open(t, Config{Interval: IntervalMin})
	var taken, refused atomic.Int64
	var adding, flushing sync.WaitGroup
	closed := make(chan struct{})
	for w := range writers {
		adding.Go(func() {
			shared := mustCounter(t, r, subscriber, "users")
			for i := 0; ; i++ {
				n := int64(i%7) - 2
				err := r.Add(context.Background(), Customer{AWSAccountID: fmt.Sprintf("%012d", (i*w)%customers)}, "users", n)
				if err == nil {
					taken.Add(n)
					if err = shared.Add(context.Background(), n); err == nil {
						taken.Add(n)
					}
				}
				if err == nil {
					continue
				}
				if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				refused.Add(1)
				return
			}
		})
	}
	flushing.Go(func() {
		for range 20 {
			if err := r.Flush(context.Background()); err != nil {
				t.Error(err)
			}
		}
		close(closed)
	})
	<-closed
	mustClose(t, r)
	adding.Wait()
	flushing.Wait()
	totals := onDisk(t, r.cfg.Dir)
	if totals.Told != taken.Load() || refused.Load() != writers {
		t.Errorf("%d are on the disk, %d were taken", totals.Told, taken.Load())
	}
	t.Logf("%d in %d events", totals.Told, totals.Events)
}

// TestIntervals: usage is made durable without anybody asking.
func TestIntervals(t *testing.T) {
	r := open(t, Config{Interval: IntervalMin})
	mustAdd(t, r, subscriber, "users", 5)
	eventually(t, "usage is on the disk", func() bool {
		stats, err := r.box.now.Load().Stats(t.Context())
		return err == nil && stats.Totals.Told == 5
	})
	if stats, err := r.box.now.Load().Stats(t.Context()); err != nil || stats.Totals.Events != 1 {
		t.Errorf("%+v, %v; an interval without usage makes events", stats.Totals, err)
	}
}

// TestDiskTakesNothing: while the disk is full usage waits in memory, Close says
// what would be lost, and nothing is lost when there is room again.
func TestDiskTakesNothing(t *testing.T) {
	var log logged
	r := open(t, Config{reserveBytes: math.MaxInt64, Logger: log.logger()})
	for range 3 {
		mustAdd(t, r, subscriber, "users", 2)
		if err := r.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "no room") {
			t.Errorf("flushing to a full disk: %v", err)
		}
	}
	status, err := r.Status(t.Context())
	if err != nil || status.FlushError == "" || time.Since(status.FlushedAt) > time.Minute {
		t.Errorf("%+v, %v", status, err)
	}
	if text := log.text(); strings.Count(text, "cannot be brought to the disk") != 1 {
		t.Errorf("it should be logged once:\n%s", text)
	}
	// The disk has room again, which this test can only say to a new outbox.
	r.cfg.reserveBytes = 0
	if err := r.box.now.Load().Outbox.Close(); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, r, subscriber, "users", 100)
	mustFlush(t, r)
	if status, err := r.Status(t.Context()); err != nil || status.FlushError != "" {
		t.Errorf("%+v, %v", status, err)
	}
	if totals := sound(t, r.box.now.Load().Outbox); totals.Told != 106 {
		t.Errorf("%+v", totals)
	}
}

// TestFullDiskOverAnHoursEnd: usage that waits in memory keeps its hour.
func TestFullDiskOverAnHoursEnd(t *testing.T) {
	var clock clock.Clock
	clock.Set(time.Now().Truncate(time.Hour))
	clock.Freeze()
	r := open(t, Config{reserveBytes: math.MaxInt64, Now: clock.Now})
	r.stop() // The test is the flusher from here on.
	<-r.done
	for _, step := range []struct {
		after time.Duration
		n     int64
	}{{0, 1}, {time.Minute, 2}, {time.Hour, 4}, {time.Hour, 8}, {time.Minute, 16}} {
		// What is added before the clock moves belongs to the time before.
		mustAdd(t, r, subscriber, "users", step.n)
		clock.Advance(step.after)
		if err := r.flusher.flushAll(t.Context()); err == nil {
			t.Error("the disk is full")
		}
	}
	r.cfg.reserveBytes = 0
	if err := r.box.now.Load().Outbox.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.flusher.flushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The first hours may have been frozen by now.
	told, o := map[outbox.Hour]int64{}, r.box.now.Load().Outbox
	for _, a := range o.Accounts("", subscriber.told()) {
		for _, hour := range a.Open {
			told[hour.Hour] += hour.Told
		}
	}
	for record, err := range o.Records(t.Context(), outbox.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		told[record.ID.Hour] += record.Note.Told
	}
	last := outbox.HourOf(clock.Now())
	if want := map[outbox.Hour]int64{last - 2: 1 + 2 + 4, last - 1: 8, last: 16}; !maps.Equal(told, want) {
		t.Errorf("the hours have %v, want %v", told, want)
	}
}

func TestCloseNamesWhatWouldBeLost(t *testing.T) {
	r := open(t, Config{reserveBytes: math.MaxInt64})
	mustAdd(t, r, subscriber, "users", 2)
	if err := r.Flush(t.Context()); err == nil {
		t.Error("the disk is full")
	}
	mustAdd(t, r, pending, "gb", 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := r.Close(ctx)
	var unsaved *UnsavedError
	if !errors.As(err, &unsaved) || len(unsaved.Usage) != 2 {
		t.Fatalf("got %v", err)
	}
	for i, want := range []string{"2 users of cust-active", "3 gb of cust-pending"} {
		if got := unsaved.Usage[i].String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if totals := onDisk(t, r.cfg.Dir); totals.Told != 0 {
		t.Errorf("%+v", totals)
	}
}

// TestOutboxIsOpenedAgain: after the disk has refused a write the outbox takes
// nothing, and a batch whose fate is not known is repeated under its id.
func TestOutboxIsOpenedAgain(t *testing.T) {
	r := open(t, Config{})
	r.stop() // The test is the flusher from here on.
	<-r.done
	f := &r.flusher
	for i, n := range []int64{2, 3} {
		mustAdd(t, r, subscriber, "users", n)
		f.gather(0)
		if i == 0 {
			// It is written, and nobody hears of it.
			f.waiting[0].id = "batch"
			if _, err := r.box.addBatch(t.Context(), "batch", f.waiting[0].events); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.box.now.Load().Outbox.Close(); err != nil {
			t.Fatal(err)
		}
		if err := r.AddEvent(t.Context(), Event{Customer: subscriber, Dimension: "users", Quantity: 50}); err == nil {
			t.Error("an event was taken by a closed outbox")
		}
		if err := f.flush(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.box.now.Load().Outbox.Close(); err != nil {
		t.Fatal(err)
	}
	// Nothing waits, and it is found out all the same.
	if err := f.flush(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if totals := sound(t, r.box.now.Load().Outbox); totals.Told != 5 || totals.Events != 2 {
		t.Errorf("%+v", totals)
	}
}

// TestRefusedUsageWaits: what the outbox refuses is kept and tried again, the
// rest of its batch is not held up.
func TestRefusedUsageWaits(t *testing.T) {
	var log logged
	clock := time.Now()
	r := open(t, Config{Logger: log.logger(), Now: func() time.Time { return clock }})
	r.stop()
	<-r.done
	f := &r.flusher
	mustAdd(t, r, subscriber, "users", 2)
	mustAdd(t, r, pending, "users", 3)
	mustAdd(t, r, pending, "gb", 0)
	f.gather(0)
	// Two of them are as old as if the process had slept for a year.
	for i := range f.waiting[0].events[1:] {
		f.waiting[0].events[1+i].Time = clock.AddDate(-1, 0, 0)
	}
	if err := f.store(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, err := r.Status(t.Context())
	if err != nil || len(status.Refused) != 2 || status.Refused[0].Quantity != 3 || status.Refused[0].Reason == "" {
		t.Errorf("%+v, %v", status, err)
	}
	if totals := sound(t, r.box.now.Load().Outbox); totals.Told != 2 {
		t.Errorf("%+v", totals)
	}
	if err := f.flush(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if status, err := r.Status(t.Context()); err != nil || len(status.Refused) != 0 {
		t.Errorf("%+v, %v", status, err)
	}
	if totals := sound(t, r.box.now.Load().Outbox); totals.Told != 5 || totals.Events != 3 {
		t.Errorf("%+v", totals)
	}
	mustAdd(t, r, subscriber, "users", 7)
	f.began = clock.AddDate(-1, 0, 0)
	if err := f.flushAll(t.Context()); err == nil || !strings.Contains(err.Error(), "7 users of cust-active") {
		t.Errorf("a flush that something is left of: %v", err)
	}
	if err := f.flushAll(t.Context()); err != nil {
		t.Error(err)
	}
	if totals := sound(t, r.box.now.Load().Outbox); totals.Told != 12 {
		t.Errorf("%+v", totals)
	}
	if !strings.Contains(log.text(), "3 users of cust-pending") {
		t.Errorf("the log does not name it:\n%s", log.text())
	}
}

// TestMuchAtOnce: more than an event, and more than a batch can bring.
func TestMuchAtOnce(t *testing.T) {
	r := open(t, Config{})
	c := mustCounter(t, r, subscriber, "users")
	for range pendingMax / QuantityMax {
		if err := c.Add(t.Context(), QuantityMax); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Add(t.Context(), 1); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	const customers = 9_500
	for i := range customers {
		mustAdd(t, r, Customer{AWSAccountID: fmt.Sprintf("%012d", i)}, "users", -1)
	}
	mustFlush(t, r)
	if err := c.Add(t.Context(), 1); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	mustClose(t, r)
	if totals := onDisk(t, r.cfg.Dir); totals.Told != pendingMax-customers+1 || totals.Events != pendingMax/QuantityMax+customers+1 {
		t.Errorf("%+v", totals)
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	r := open(t, Config{})
	c := mustCounter(t, r, subscriber, "users")
	for range 4 { // Until they are settled.
		mustAdd(t, r, subscriber, "users", 1)
		mustAdd(t, r, pending, "gb", 1)
	}
	for name, add := range map[string]func() error{
		"Counter.Add":      func() error { return c.Add(t.Context(), 1) },
		"Recorder.Add":     func() error { return r.Add(t.Context(), pending, "gb", 1) },
		"Meter.Add":        func() error { return r.Meter(pending).Add(t.Context(), "gb", 1) },
		"Counter.Add of 0": func() error { return c.Add(t.Context(), 0) },
	} {
		n := testing.AllocsPerRun(100, func() {
			if err := add(); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
