package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// stalled is an outbox whose committer waits for the disk with the event
// "first".
type stalled struct {
	*Outbox
	disk    *disk
	syncs   func() int64
	release func(error)
	wg      sync.WaitGroup
}

func stall(t *testing.T) *stalled {
	t.Helper()
	s := &stalled{disk: newDisk()}
	s.Outbox = s.disk.open(t, Config{})
	entered, syncs, release := s.disk.stall(t)
	s.syncs, s.release = syncs.Load, release
	s.add(t, Accepted, event("first", 1, noon))
	<-entered
	return s
}

// add adds in the background.
func (s *stalled) add(t *testing.T, want Outcome, events ...Event) {
	s.wg.Go(func() {
		answers, err := s.Add(context.Background(), events, noon)
		if err != nil {
			t.Errorf("adding: %v", err)
			return
		}
		for _, answer := range answers {
			if answer.Outcome != want {
				t.Errorf("an event is %s, want %s", answer.Outcome, want)
			}
		}
	})
}

func (s *stalled) awaitWaiting(t *testing.T, n int) {
	t.Helper()
	eventually(t, "that many calls wait", func() bool { return len(s.grouped) == n })
}

func TestOneSyncForAllThatWait(t *testing.T) {
	s := stall(t)
	const waiting = 50
	for i := range waiting {
		s.add(t, Accepted, event(fmt.Sprint(i), 1, noon))
	}
	s.awaitWaiting(t, waiting)
	// Known though it is not on the disk yet: so it must wait for that.
	s.add(t, Known, event("0", 1, noon), event("first", 1, noon))
	s.awaitWaiting(t, waiting+1)
	s.release(nil)
	s.wg.Wait()
	if got := s.syncs(); got != 2 {
		t.Errorf("%d syncs for 2 groups", got)
	}
	if got := sound(t, s.Outbox); got.Events != 1+waiting {
		t.Errorf("%+v", got)
	}
}

func TestGroupHasABoundOfEvents(t *testing.T) {
	s := stall(t)
	for part := range 3 {
		events := make([]Event, groupEvents/2)
		for i := range events {
			events[i] = event(fmt.Sprint(part, " ", i), 1, noon)
		}
		s.add(t, Accepted, events...)
	}
	s.awaitWaiting(t, 3)
	s.release(nil)
	s.wg.Wait()
	// Each group logs its additions in one row.
	if got := countRows(t, s.Outbox, logTable); got != 3 {
		t.Errorf("%d groups, want 3: two of the parts share one", got)
	}
}

func TestQueueHasABound(t *testing.T) {
	s := stall(t)
	for i := range queueLength {
		s.add(t, Accepted, event(fmt.Sprint(i), 1, noon))
	}
	s.awaitWaiting(t, queueLength)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if _, err := s.Add(ctx, []Event{event("one more", 1, noon)}, noon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more than the queue holds: %v", err)
	}
	s.release(nil)
	s.wg.Wait()
	if got := sound(t, s.Outbox); got.Events != 1+queueLength {
		t.Errorf("%+v", got)
	}
}

func TestContextBoundsTheWaitingOnly(t *testing.T) {
	s := stall(t)
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error)
	go func() {
		_, err := s.Add(ctx, []Event{event("given up", 1, noon)}, noon)
		answer <- err
	}()
	s.awaitWaiting(t, 1)
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("a call cancelled while it waited: %v", err)
	}
	s.release(nil)
	s.wg.Wait()
	if got := sound(t, s.Outbox); got.Events != 1 {
		t.Errorf("%+v, want the first event only", got)
	}
}

func TestWhatHasBegunIsNotUndone(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	entered, _, release := d.stall(t)
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error)
	go func() {
		_, err := o.Add(ctx, []Event{event("e1", 1, noon)}, noon)
		answer <- err
	}()
	<-entered
	cancel()
	select {
	case err := <-answer:
		t.Fatalf("a call that had begun was answered with %v before the disk had", err)
	case <-time.After(20 * time.Millisecond):
	}
	release(nil)
	if err := <-answer; err != nil {
		t.Errorf("a call cancelled after its start: %v", err)
	}
}

func TestNothingIsAcknowledgedBeforeTheDiskHas(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	add(t, o, noon, Accepted, event("e0", 1, noon))
	freeze(t, o, noon.Add(time.Hour))
	id := onlyRecord(t, o).ID
	ctx := context.Background()
	now := noon.Add(2 * time.Hour)
	for _, test := range []struct {
		name string
		do   func() error
	}{
		{"Add", func() error { _, err := o.Add(ctx, []Event{event("e1", 1, now)}, now); return err }},
		{"Known", func() error {
			_, err := o.Add(ctx, []Event{event("new", 1, now), event("new", 1, now)}, now)
			return err
		}},
		{"MarkSent", func() error { return o.MarkSent(ctx, []RecordID{id}, now) }},
		{"Freeze", func() error { _, err := o.Freeze(ctx, now.Add(time.Hour), 0); return err }},
		{"EnsureZero", func() error { _, err := o.EnsureZero(ctx, []Key{testKey(1)}, HourOf(now)+3, now); return err }},
		{"CloseCustomer", func() error { _, err := o.CloseCustomer(ctx, "", testKey(1).Customer, now); return err }},
		{"Settle", func() error { return o.Settle(ctx, []Verdict{{Record: id, State: Dead}}, now) }},
		{"Discard", func() error { return o.Discard(ctx, id, "ann", "", now) }},
		{"Forget", func() error { _, err := o.Forget(ctx, now.Add(500*day)); return err }},
	} {
		entered, _, release := d.stall(t)
		answer := make(chan error, 1)
		go func() { answer <- test.do() }()
		select {
		case <-entered:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s writes nothing", test.name)
		}
		select {
		case err := <-answer:
			t.Errorf("%s returned %v before the disk had confirmed", test.name, err)
		case <-time.After(5 * time.Millisecond):
			release(nil)
			if err := <-answer; err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	}
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	s := stall(t)
	const waiting = 20
	for i := range waiting {
		s.add(t, Accepted, event(fmt.Sprint(i), 1, noon))
	}
	s.awaitWaiting(t, waiting)
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	eventually(t, "the outbox is closed", s.gate.IsClosed)
	if _, err := s.Add(context.Background(), nil, noon); !errors.Is(err, ErrClosed) {
		t.Errorf("a call while the outbox closes: %v", err)
	}
	s.release(nil)
	s.wg.Wait()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := sound(t, s.disk.powerCut(0, 0).open(t, Config{})); got.Events != 1+waiting {
		t.Errorf("%+v, want all that waited", got)
	}
}

// TestFirstMegabytes fills the small tables that the engine begins with, which
// it does not write out before they come to half of a large one.
func TestFirstMegabytes(t *testing.T) {
	o := newDisk().open(t, Config{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	name := strings.Repeat("x", EventIDBytesMax-8)
	for n := range 8 {
		var events []Event
		for i := range 5000 {
			e := event("", 1, noon)
			e.ID = EventID(fmt.Sprintf("%s%08d", name, n*5000+i))
			events = append(events, e)
		}
		if _, err := o.Add(ctx, events, noon); err != nil {
			t.Fatalf("after %d events: %v", n*5000, err)
		}
	}
}
