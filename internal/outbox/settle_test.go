package outbox

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/metering"
)

// oneRecord is an outbox with one pending record, of 5.
func oneRecord(t *testing.T) (*Outbox, RecordID) {
	t.Helper()
	o := newDisk().open(t, Config{})
	add(t, o, noon, Accepted, event("e1", 5, noon, metering.Tag{Key: "a", Value: "b"}))
	freeze(t, o, noon.Add(time.Hour))
	return o, onlyRecord(t, o).ID
}

// into brings a new record into a state.
func into(t *testing.T, state State) (*Outbox, RecordID) {
	t.Helper()
	o, id := oneRecord(t)
	ctx, now := context.Background(), noon.Add(2*time.Hour)
	var err error
	switch state {
	case Done, Dead:
		settle(t, o, id, state, now)
	case Discarded:
		settle(t, o, id, Dead, now)
		err = o.Discard(ctx, id, "ann", "a gift", now)
	case Carried:
		settle(t, o, id, Dead, now)
		err = o.CarryOn(ctx, id, "ann", "still due", now)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o, id
}

// TestFates goes through what can be done in each state.
func TestFates(t *testing.T) {
	ctx, now := context.Background(), noon.Add(3*time.Hour)
	actions := map[string]func(*Outbox, RecordID) error{
		"sent":            func(o *Outbox, id RecordID) error { return o.MarkSent(ctx, []RecordID{id}, now) },
		"done":            func(o *Outbox, id RecordID) error { return o.Settle(ctx, []Verdict{{Record: id, State: Done}}, now) },
		"dead":            func(o *Outbox, id RecordID) error { return o.Settle(ctx, []Verdict{{Record: id, State: Dead}}, now) },
		"void":            func(o *Outbox, id RecordID) error { return o.Settle(ctx, []Verdict{{Record: id, State: Void}}, now) },
		"resend":          func(o *Outbox, id RecordID) error { return o.Resend(ctx, id, "ann", "", now) },
		"resend too late": func(o *Outbox, id RecordID) error { return o.Resend(ctx, id, "ann", "", noon.Add(24*time.Hour)) },
		"carry":           func(o *Outbox, id RecordID) error { return o.CarryOn(ctx, id, "ann", "", now) },
		"discard":         func(o *Outbox, id RecordID) error { return o.Discard(ctx, id, "ann", "", now) },
		"discard by none": func(o *Outbox, id RecordID) error { return o.Discard(ctx, id, "", "", now) },
	}
	// What is not here is refused.
	leads := map[State]map[string]State{
		Pending:   {"sent": Pending, "done": Done, "dead": Dead},
		Done:      {"done": Done},
		Dead:      {"done": Done, "dead": Dead, "resend": Pending, "carry": Carried, "discard": Discarded},
		Discarded: {},
		Carried:   {},
	}
	for from, allowed := range leads {
		for name, action := range actions {
			t.Run(string(from)+"/"+name, func(t *testing.T) {
				o, id := into(t, from)
				err := action(o, id)
				want, ok := allowed[name]
				if !ok {
					want = from
				}
				if ok != (err == nil) || (err != nil && !strings.Contains(err.Error(), id.String())) {
					t.Errorf("%v, want an error that names the record: %t", err, !ok)
				}
				r, err := o.Record(ctx, id)
				if err != nil || r.Fate.State != want {
					t.Errorf("it is %s (%v), want %s", r.Fate.State, err, want)
				}
				if got := sound(t, o); got.Told != 5 || (got.Open == 5) != (want == Carried) {
					t.Errorf("%+v", got)
				}
				if n := len(pending(t, o, now)); (n == 1) != (want == Pending) {
					t.Errorf("%d are pending", n)
				}
				if n := len(deadLetters(t, o)); (n == 1) != (want == Dead) {
					t.Errorf("%d dead letters", n)
				}
			})
		}
	}
}

func TestFateSaysWhatHappened(t *testing.T) {
	o, id := oneRecord(t)
	ctx := context.Background()
	sent, settled := noon.Add(2*time.Hour), noon.Add(3*time.Hour)
	if err := o.MarkSent(ctx, []RecordID{id}, sent.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := o.MarkSent(ctx, []RecordID{id}, sent); err != nil {
		t.Fatal(err)
	}
	verdict := Verdict{Record: id, State: Dead, Status: metering.CustomerNotSubscribed, Cause: "CustomerNotSubscribed", Detail: strings.Repeat("ä", TextBytesMax)}
	if err := o.Settle(ctx, []Verdict{verdict}, settled); err != nil {
		t.Fatal(err)
	}
	want := Fate{
		State: Dead, Attempts: 2, LastSent: sent, SettledAt: settled, Status: metering.CustomerNotSubscribed,
		Cause: "CustomerNotSubscribed", Detail: verdict.Detail[:TextBytesMax],
	}
	if diff := cmp.Diff(want, onlyRecord(t, o).Fate); diff != "" {
		t.Error(diff)
	}
	// The service turns out to have it.
	verdict = Verdict{Record: id, State: Done, MeteringRecordID: "abc", Status: metering.Success}
	if err := o.Settle(ctx, []Verdict{verdict}, settled.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	want = Fate{State: Done, Attempts: 2, LastSent: sent, SettledAt: settled.Add(time.Hour), MeteringRecordID: "abc", Status: metering.Success}
	if diff := cmp.Diff(want, onlyRecord(t, o).Fate); diff != "" {
		t.Error(diff)
	}
}

// TestOneBadVerdict keeps the others.
func TestOneBadVerdict(t *testing.T) {
	o, id := into(t, Discarded)
	ctx, now := context.Background(), noon.Add(5*time.Hour)
	add(t, o, now, Accepted, event("e2", 6, now.Add(-2*time.Hour)), event("e3", 7, now.Add(-time.Hour)))
	freeze(t, o, now)
	list := pending(t, o, now)
	missing := RecordID{1, 1}
	err := o.Settle(ctx, []Verdict{
		{Record: list[0].ID, State: Done}, {Record: id, State: Done}, {Record: missing, State: Done}, {Record: list[1].ID, State: Done}, {Record: list[1].ID, State: Dead},
	}, now)
	if !errors.Is(err, ErrState) || !errors.Is(err, ErrNoRecord) || !strings.Contains(err.Error(), missing.String()) || !strings.Contains(err.Error(), id.String()) {
		t.Errorf("the error is %v", err)
	}
	if got := sound(t, o); got.Done != 13 || got.Discarded != 5 {
		t.Errorf("%+v", got)
	}
	if _, err := o.Record(ctx, missing); !errors.Is(err, ErrNoRecord) {
		t.Errorf("a missing record: %v", err)
	}
}

func TestExpire(t *testing.T) {
	o := newDisk().open(t, Config{})
	ctx := context.Background()
	for i := range 3 {
		now := noon.Add(time.Duration(i) * time.Hour)
		add(t, o, now, Accepted, event(now.String(), int64(1+i), now))
		freeze(t, o, now.Add(time.Hour))
	}
	list := records(t, o, Filter{})
	if err := o.MarkSent(ctx, []RecordID{list[1].ID}, noon.Add(4*time.Hour)); err != nil {
		t.Fatal(err)
	}
	deadline := noon.Add(25 * time.Hour)
	if n, err := o.Expire(ctx, deadline.Add(-1)); err != nil || n != 1 {
		t.Fatalf("%d expired (%v) just before the second deadline, want one", n, err)
	}
	if n := len(pending(t, o, deadline)); n != 1 {
		t.Errorf("%d can be sent at the second deadline, want one", n)
	}
	if n, err := o.Expire(ctx, deadline); err != nil || n != 1 {
		t.Fatalf("%d expired (%v) at the second deadline, want one", n, err)
	}
	letters := deadLetters(t, o)
	if len(letters) != 2 {
		t.Fatalf("%d dead letters, want 2", len(letters))
	}
	for i, want := range []string{"never sent", "sent 1 times"} {
		r := letters[i]
		if r.Fate.Cause != CauseExpired || !strings.Contains(r.Fate.Detail, want) || r.Key != testKey(1) || r.Quantity != int64(1+i) {
			t.Errorf("dead letter %d: %+v, want one that says %q", i, r, want)
		}
	}
	sound(t, o)
}

func TestActsAreKept(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	ctx, now := context.Background(), noon.Add(3*time.Hour)
	for i := range 3 {
		add(t, o, noon, Accepted, event(string(rune('a'+i)), int64(1+i), noon.Add(time.Duration(-i)*time.Hour), metering.Tag{Key: "k", Value: "v"}))
	}
	freeze(t, o, now)
	list := records(t, o, Filter{})
	for _, r := range list {
		settle(t, o, r.ID, Dead, now)
	}
	for i, err := range []error{
		o.Discard(ctx, list[0].ID, "ann", "a gift", now),
		o.Resend(ctx, list[1].ID, "bob", "subscribed again", now.Add(time.Second)),
		o.CarryOn(ctx, list[2].ID, "cy", "still due", now.Add(2*time.Second)),
	} {
		if err != nil {
			t.Fatalf("act %d: %v", i, err)
		}
		o.Close()
		o = d.open(t, Config{})
	}
	settle(t, o, list[1].ID, Dead, now)
	if err := o.Discard(ctx, list[1].ID, "bob", "not after all", now.Add(3*time.Second)); err != nil {
		t.Fatal(err)
	}
	var got []Act
	for act, err := range o.Acts(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, act)
	}
	want := []Act{
		{now, Discard, list[0].ID, testKey(1), 3, "ann", "a gift", 0},
		{now.Add(time.Second), Resend, list[1].ID, testKey(1), 2, "bob", "subscribed again", 0},
		{now.Add(2 * time.Second), Carry, list[2].ID, testKey(1), 1, "cy", "still due", HourOf(now)},
		{now.Add(3 * time.Second), Discard, list[1].ID, testKey(1), 2, "bob", "not after all", 0},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(RecordID{})); diff != "" {
		t.Error(diff)
	}
	// What was carried is billed with its tags.
	freeze(t, o, now.Add(time.Hour))
	if r := records(t, o, Filter{From: HourOf(now)})[0]; r.Quantity != 1 || r.Note.CarriedIn != 1 || len(r.Allocations) != 1 {
		t.Errorf("%+v", r)
	}
	sound(t, o)
}
