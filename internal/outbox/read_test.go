package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// TestPendingIsInOrderOfDeadlines: at the end of a month, that is not the order
// of ages alone.
func TestPendingIsInOrderOfDeadlines(t *testing.T) {
	o := newDisk().open(t, Config{})
	start := at("2026-11-30T10:00:00Z")
	var now time.Time
	for i := range 16 {
		now = start.Add(time.Duration(i) * time.Hour)
		for k := range 3 {
			e := event(fmt.Sprint(i, k), 1, now.Add(time.Duration(k)*time.Minute))
			e.Key = testKey(3 - k)
			add(t, o, now.Add(time.Hour), Accepted, e)
		}
	}
	freeze(t, o, now.Add(time.Hour))
	list := pending(t, o, now)
	if len(list) != 48 {
		t.Fatalf("%d are pending, want 48", len(list))
	}
	if !slices.IsSortedFunc(list, func(a, b Record) int { return a.Deadline.Compare(b.Deadline) }) {
		t.Error("the deadlines are not in order")
	}
	if first, closed := list[0], at("2026-12-01T06:00:00Z"); first.Deadline != closed || list[47].Deadline.Before(closed) {
		t.Errorf("the first is %+v", first)
	}
	stats, err := o.Stats(context.Background())
	if err != nil || stats.Pending != 48 || stats.NextDeadline != list[0].Deadline || stats.OldestPending != list[0].Timestamp {
		t.Errorf("%+v (%v)", stats, err)
	}
	n := 0
	for _, err := range o.Pending(context.Background(), now, 7) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 7 {
		t.Errorf("%d with a limit of 7", n)
	}
}

// TestQueueIsNeverMissed holds the remembered front of the queue against what is
// in it, while records come and go.
func TestQueueIsNeverMissed(t *testing.T) {
	o := newDisk().open(t, Config{})
	rng := rand.New(rand.NewPCG(3, 4))
	now, next := noon, 0
	for range 400 {
		switch rng.IntN(4) {
		case 0:
			e := event(fmt.Sprint(next), 1, now.Add(-time.Duration(rng.IntN(20))*time.Hour))
			e.Key = testKey(rng.IntN(30))
			next++
			add(t, o, now, Accepted, e)
			freeze(t, o, now)
		case 1:
			for _, r := range pending(t, o, now) {
				settle(t, o, r.ID, []State{Done, Dead}[rng.IntN(2)], now)
				if rng.IntN(2) == 0 {
					break
				}
			}
		case 2:
			for _, r := range deadLetters(t, o) {
				if err := o.Resend(context.Background(), r.ID, "ann", "", now); err != nil && !errors.Is(err, ErrState) {
					t.Fatal(err)
				}
				break
			}
		case 3:
			now = now.Add(time.Duration(rng.IntN(60)) * time.Minute)
		}
		var want []RecordID
		for _, r := range records(t, o, Filter{State: Pending}) {
			if r.Deadline.After(now) {
				want = append(want, r.ID)
			}
		}
		if got := pending(t, o, now); len(got) != len(want) {
			t.Fatalf("%d are pending, want %d", len(got), len(want))
		}
	}
	if next < 50 {
		t.Errorf("only %d records; this test saw too little", next)
	}
}

func TestFilters(t *testing.T) {
	o := newDisk().open(t, Config{})
	const customers, hours = 5, 6
	for h := range hours {
		for c := range customers {
			for _, product := range []metering.ProductCode{"prod-a", "prod-b"} {
				e := event(fmt.Sprint(h, c, product), 1, noon.Add(time.Duration(h)*time.Hour))
				e.Key = testKey(c)
				e.Product = product
				add(t, o, noon.Add(hours*time.Hour), Accepted, e)
			}
		}
	}
	freeze(t, o, noon.Add(hours*time.Hour))
	all := records(t, o, Filter{})
	for i, r := range all {
		if i%2 == 0 {
			settle(t, o, r.ID, Done, noon.Add(hours*time.Hour))
		}
	}
	all = records(t, o, Filter{})
	if len(all) != customers*hours*2 {
		t.Fatalf("%d records", len(all))
	}
	first := HourOf(noon)
	for _, f := range []Filter{
		{},
		{Product: "prod-a"},
		{Product: "prod-c"},
		{Customer: testKey(0).Customer},
		{Customer: testKey(3).Customer, Product: "prod-b"},
		{Customer: testKey(4).Customer, From: first + 1, To: first + 3},
		{Customer: testKey(9).Customer},
		{From: first + 2},
		{To: first + 2},
		{From: first + 2, To: first + 2},
		{From: first + 3, To: first + 2},
		{To: ^Hour(0)},
		{State: Done},
		{State: Pending, Customer: testKey(2).Customer},
	} {
		var want []RecordID
		for _, r := range all {
			if (f.Product == "" || f.Product == r.Key.Product) && (f.Customer == Customer{} || f.Customer == r.Key.Customer) &&
				r.ID.Hour >= f.From && (f.To == 0 || r.ID.Hour <= f.To) && (f.State == "" || f.State == r.Fate.State) {
				want = append(want, r.ID)
			}
		}
		var got []RecordID
		for _, r := range records(t, o, f) {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v chooses %v, want %v", f, got, want)
		}
	}
	if n := len(o.Accounts("prod-b", testKey(1).Customer)); n != 1 {
		t.Errorf("%d accounts of a product and customer, want one", n)
	}
	if list := o.Accounts("", Customer{}); len(list) != 2*customers || !slices.IsSortedFunc(list, func(a, b Account) int { return compareKeys(a.Key, b.Key) }) {
		t.Errorf("%d accounts, want %d in order", len(list), 2*customers)
	}
}

// TestRecordsCanBeSettledInALoop: what a loop does to the outbox does not disturb
// the loop.
func TestRecordsCanBeSettledInALoop(t *testing.T) {
	o := newDisk().open(t, Config{})
	for i := range 50 {
		e := event(fmt.Sprint(i), 1, noon)
		e.Key = testKey(i)
		add(t, o, noon, Accepted, e)
	}
	now := noon.Add(time.Hour)
	freeze(t, o, now)
	seen := 0
	for r, err := range o.Pending(context.Background(), now, 0) {
		if err != nil {
			t.Fatal(err)
		}
		seen++
		settle(t, o, r.ID, Done, now)
	}
	if left := pending(t, o, now); seen != 50 || len(left) != 0 {
		t.Errorf("%d were seen and %d are left", seen, len(left))
	}
}

func TestLoopsEnd(t *testing.T) {
	o := newDisk().open(t, Config{})
	for i := range 2 {
		add(t, o, noon, Accepted, event(fmt.Sprint(i), 1, noon.Add(-time.Duration(i)*time.Hour)))
	}
	freeze(t, o, noon.Add(time.Hour))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	for _, err := range o.Records(ctx, Filter{}) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("a cancelled loop ended with %v", last)
	}
	closed := make(chan error)
	for _, err := range o.Records(context.Background(), Filter{}) {
		if last = err; err == nil {
			go func() { closed <- o.Close() }()
			eventually(t, "the outbox closes", o.gate.IsClosed)
		}
	}
	if !errors.Is(last, ErrClosed) {
		t.Errorf("a loop over a closed outbox ended with %v", last)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"Close":  o.Close(),
		"Settle": o.Settle(context.Background(), nil, noon),
		"Forget": func() error { _, err := o.Forget(context.Background(), noon); return err }(),
		"Add":    func() error { _, err := o.Add(context.Background(), nil, noon); return err }(),
		"Check":  func() error { _, err := o.Check(context.Background()); return err }(),
		"Stats":  func() error { _, err := o.Stats(context.Background()); return err }(),
		"Record": func() error { _, err := o.Record(context.Background(), RecordID{1, 1}); return err }(),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s of a closed outbox: %v", name, err)
		}
	}
}
