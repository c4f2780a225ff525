package recorder

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// afterwards is when an hour that usage was added in is sent.
const afterwards = time.Hour + settleFor

// untilSent waits until every record has its verdict.
func untilSent(t *testing.T, r *Recorder) {
	t.Helper()
	eventually(t, "nothing is pending", func() bool {
		status, err := r.Status(t.Context())
		return err == nil && status.Pending == 0
	})
}

// TestUsageIsBilled follows usage on all ways to the service.
func TestUsageIsBilled(t *testing.T) {
	t.Parallel()
	s := startService(t)
	r := open(t, Config{Client: s.Client(), Now: s.Clock.Now})
	ctx := t.Context()
	users := mustCounter(t, r, subscriber, "users")
	if users != mustCounter(t, r, subscriber, "users") {
		t.Error("the same names give another counter")
	}
	for _, err := range []error{
		users.Add(ctx, 3),
		r.Add(ctx, subscriber, "users", 4),
		r.Meter(subscriber).Add(ctx, "users", -2),
		r.AddEvent(ctx, Event{ID: "e1", Customer: subscriber, Dimension: "users", Quantity: 100}),
		r.AddEvent(ctx, Event{ID: "e1", Customer: subscriber, Dimension: "users", Quantity: 100}), // counts once
		r.AddEvent(ctx, Event{Customer: subscriber, Dimension: "users", Quantity: 1000}),
		r.Add(ctx, subscriber, "gb", 0),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	mustFlush(t, r)
	mustFlush(t, r) // finds nothing
	s.Clock.Advance(afterwards)
	eventually(t, "usage is billed", func() bool {
		return slices.Equal(s.Billed(subscriberAccount, "users"), []int64{1105}) && slices.Equal(s.Billed(subscriberAccount, "gb"), []int64{0})
	})
	// A further hour is another record.
	mustAdd(t, r, subscriber, "users", 7)
	mustFlush(t, r)
	s.Clock.Advance(afterwards)
	eventually(t, "the next hour is billed", func() bool { return slices.Equal(s.Billed(subscriberAccount, "users"), []int64{1105, 7}) })
	untilSent(t, r)
	mustClose(t, r)
	if totals := onDisk(t, r.cfg.Dir); totals.Done != 1112 || totals.Told != 1112 {
		t.Errorf("%+v", totals)
	}
}

func TestTermsAndTags(t *testing.T) {
	t.Parallel()
	s := startService(t)
	r := open(t, Config{Client: s.Client(), Now: s.Clock.Now, Dimensions: map[string]Terms{"users": {Per: 10}, "gb": {Included: 5}}})
	mustAdd(t, r, subscriber, "users", 25)
	for _, team := range []string{"red", "blue", "red"} {
		if err := mustCounter(t, r, subscriber, "gb", Tag{"team", team}).Add(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.counters.counters(); len(got) != 3 {
		t.Errorf("%d counters, want users, gb red and gb blue", len(got))
	}
	if err := r.Add(t.Context(), subscriber, "userz", 1); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "userz") {
		t.Errorf("a misspelled dimension: %v", err)
	}
	mustFlush(t, r)
	s.Clock.Advance(afterwards)
	eventually(t, "usage is billed", func() bool {
		return slices.Equal(s.Billed(subscriberAccount, "users"), []int64{2}) && slices.Equal(s.Billed(subscriberAccount, "gb"), []int64{7})
	})
	if status, err := r.Status(t.Context()); err != nil || status.OpenHours != 1 {
		t.Errorf("%+v, %v; want the 5 users that are left to be open", status, err)
	}
}

func TestCloseCustomerSendsAtOnce(t *testing.T) {
	t.Parallel()
	s := startService(t)
	r := open(t, Config{Client: s.Client(), Now: s.Clock.Now})
	mustAdd(t, r, subscriber, "users", 5)
	mustAdd(t, r, pending, "users", 6)
	if err := r.CloseCustomer(t.Context(), subscriber); err != nil {
		t.Fatal(err)
	}
	eventually(t, "usage is billed", func() bool { return slices.Equal(s.Billed(subscriberAccount, "users"), []int64{5}) })
	untilSent(t, r)
	if status, err := r.Status(t.Context()); err != nil || status.OpenHours != 1 {
		t.Errorf("%+v, %v; want the other customer's hour to be open", status, err)
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	s := startService(t)
	r := open(t, Config{Client: s.Client(), Now: s.Clock.Now})
	deadLetter := func() DeadLetter {
		t.Helper()
		mustAdd(t, r, pending, "users", 5)
		mustFlush(t, r)
		s.Clock.Advance(afterwards)
		var list []DeadLetter
		eventually(t, "there is a dead letter", func() bool {
			var err error
			if list, err = r.DeadLetters(t.Context()); err != nil {
				t.Fatal(err)
			}
			return len(list) == 1
		})
		return list[0]
	}
	first := deadLetter()
	if first.Cause != "CustomerNotSubscribed" || first.Quantity != 5 || first.Customer != pending || first.Attempts != 1 || first.Reason == "" {
		t.Errorf("%+v", first)
	}
	if err := r.CarryOn(t.Context(), first.ID, "", "no name"); err == nil {
		t.Error("nobody decided that, and it was done")
	}
	if err := r.Discard(t.Context(), first.ID, "me", "never bought"); err != nil {
		t.Error(err)
	}
	second := deadLetter()
	if err := r.Resend(t.Context(), second.ID, "me", "try again"); err != nil {
		t.Error(err)
	}
	eventually(t, "it is refused again", func() bool {
		list, err := r.DeadLetters(t.Context())
		return err == nil && len(list) == 1 && list[0].Attempts == 2
	})
	if err := r.CarryOn(t.Context(), second.ID, "me", "next hour"); err != nil {
		t.Error(err)
	}
	mustClose(t, r)
	if totals := onDisk(t, r.cfg.Dir); totals.Discarded != 5 || totals.Open != 5 || totals.Dead != 0 {
		t.Errorf("%+v", totals)
	}
}

// TestServiceIsDown: what cannot be sent waits, and is sent when it can be.
func TestServiceIsDown(t *testing.T) {
	t.Parallel()
	s := startService(t)
	r := open(t, Config{Client: s.Client(), Now: s.Clock.Now})
	s.down <- struct{}{}
	mustAdd(t, r, subscriber, "users", 5)
	mustFlush(t, r)
	s.Clock.Advance(afterwards)
	eventually(t, "the trouble is told", func() bool {
		status, err := r.Status(t.Context())
		return err == nil && status.Pending == 1 && len(status.Troubles) == 1 && !status.NextDeadline.IsZero()
	})
	mustClose(t, r)
	<-s.down
	r = open(t, Config{Dir: r.cfg.Dir, Client: s.Client(), Now: s.Clock.Now})
	eventually(t, "usage is billed", func() bool { return slices.Equal(s.Billed(subscriberAccount, "users"), []int64{5}) })
	mustClose(t, r)
}

func TestRefusals(t *testing.T) {
	r := open(t, Config{})
	mustAdd(t, r, subscriber, "users", 1)
	r.counters.max = 1
	add := func(c Customer, dimension string, n int64) error { return r.Add(t.Context(), c, dimension, n) }
	for _, test := range []struct {
		name string
		err  error
		want error
	}{
		{"too much", add(subscriber, "users", QuantityMax+1), ErrInvalid},
		{"too much down", add(subscriber, "users", -QuantityMax-1), ErrInvalid},
		{"a further counter", add(subscriber, "gb", 1), ErrFull},
		{"an event without a customer", r.AddEvent(t.Context(), Event{Dimension: "users", Quantity: 1}), ErrInvalid},
		{"an event from the future", r.AddEvent(t.Context(), Event{Customer: subscriber, Dimension: "users", Time: time.Now().Add(24 * time.Hour)}), ErrInvalid},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, test.err, test.want)
		}
	}
	r.counters.max = CountersMax
	for _, c := range []Customer{{}, {Identifier: "a", AWSAccountID: "b"}} {
		if err := add(c, "users", 1); !errors.Is(err, ErrInvalid) {
			t.Errorf("customer %+v: %v", c, err)
		}
	}
	if _, err := r.Counter(subscriber, "users", Tag{"", "x"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("an empty tag key: %v", err)
	}
	mustFlush(t, r)
	mustClose(t, r)
	ctx := t.Context()
	_, status := r.Status(ctx)
	for what, err := range map[string]error{
		"Add": add(subscriber, "users", 1), "Add of 0": add(subscriber, "users", 0), "Add of a new counter": add(pending, "users", 1),
		"AddEvent": r.AddEvent(ctx, Event{Customer: subscriber, Dimension: "users"}),
		"Flush":    r.Flush(ctx), "Close": r.Close(ctx), "Status": status, "CloseCustomer": r.CloseCustomer(ctx, subscriber),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s of a closed recorder: %v", what, err)
		}
	}
	if totals := onDisk(t, r.cfg.Dir); totals.Told != 1 {
		t.Errorf("%+v", totals)
	}
}

func TestOpenRefuses(t *testing.T) {
	r := open(t, Config{})
	good := Config{Dir: t.TempDir(), Product: "p", Client: nowhere(t)}
	for want, change := range map[string]func(*Config){
		"Config.Dir":           func(c *Config) { c.Dir = "" },
		"Config.Product":       func(c *Config) { c.Product = "" },
		"Config.Interval":      func(c *Config) { c.Interval = IntervalMin - 1 },
		"Config.Interval is 1": func(c *Config) { c.Interval = IntervalMax + 1 },
		"Config.Dimensions":    func(c *Config) { c.Dimensions = map[string]Terms{"x": {Per: -1}} },
		"open":                 func(c *Config) { c.Dir = r.cfg.Dir },
	} {
		cfg := good
		change(&cfg)
		if _, err := Open(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want something about %s", err, want)
		}
	}
	for _, interval := range []time.Duration{IntervalMin, IntervalMax} {
		cfg := good
		cfg.Dir, cfg.Interval = t.TempDir(), interval
		mustClose(t, open(t, cfg))
	}
}

// TestHours: usage counts in the hour that its interval began in.
func TestHours(t *testing.T) {
	t.Parallel()
	s := startService(t)
	r := open(t, Config{Client: s.Client(), Now: s.Clock.Now})
	s.Clock.Advance(time.Hour - time.Second)
	mustFlush(t, r) // An interval begins.
	mustAdd(t, r, subscriber, "users", 5)
	s.Clock.Advance(2 * time.Second)
	mustFlush(t, r)
	mustAdd(t, r, subscriber, "users", 7)
	mustFlush(t, r)
	s.Clock.Advance(-time.Minute) // A clock that is set back disturbs nothing.
	mustAdd(t, r, subscriber, "users", 9)
	mustFlush(t, r)
	s.Clock.Advance(2 * time.Hour)
	eventually(t, "both hours are billed", func() bool {
		return cmp.Equal(s.Billed(subscriberAccount, "users"), []int64{5 + 9, 7})
	})
}
