package outbox

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/meterd/meterd/internal/metering"
)

func TestEventsCountOnce(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	e := event("e1", 5, noon, metering.Tag{Key: "a", Value: "1"}, metering.Tag{Key: "b", Value: "2"})
	answers, err := o.Add(context.Background(), []Event{e, e, event("e2", 7, noon)}, noon)
	if want := []Answer{{Outcome: Accepted}, {Outcome: Known}, {Outcome: Accepted}}; err != nil || !slices.Equal(answers, want) {
		t.Fatalf("%+v (%v), want %+v", answers, err, want)
	}

	again := e
	again.Tags = []metering.Tag{e.Tags[1], e.Tags[0]}
	for _, again.Time = range []time.Time{e.Time, {}, noon.Add(time.Hour), noon.Add(-60 * day)} {
		add(t, o, noon.Add(30*day), Known, again)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = d.open(t, Config{})
	add(t, o, noon, Known, e)
	if got := sound(t, o); got.Events != 2 || got.Told != 12 || got.Open != 12 {
		t.Errorf("%+v, want 2 events of 12", got)
	}
}

// TestIDsAreNotReused: if two events have one id, the second is not dropped
// without a word.
func TestIDsAreNotReused(t *testing.T) {
	o := newDisk().open(t, Config{})
	e := event("e1", 5, noon, metering.Tag{Key: "a", Value: "1"})
	add(t, o, noon, Accepted, e, event("e2", 5, noon))
	for name, change := range map[string]func(*Event){
		"quantity":         func(e *Event) { e.Quantity++ },
		"customer":         func(e *Event) { e.Key = testKey(2) },
		"unknown customer": func(e *Event) { e.Key = testKey(3) },
		"dimension":        func(e *Event) { e.Dimension = "gb" },
		"product":          func(e *Event) { e.Product = "prod-other" },
		"tag":              func(e *Event) { e.Tags = []metering.Tag{{Key: "a", Value: "2"}} },
		"no tags":          func(e *Event) { e.Tags = nil },
	} {
		other := e
		change(&other)
		answers, err := o.Add(context.Background(), []Event{other}, noon)
		if err != nil || answers[0].Outcome != Refused || answers[0].Reason != ReasonIDReused {
			t.Errorf("another %s: %+v (%v)", name, answers, err)
		}
	}
	if got := sound(t, o); got.Told != 10 {
		t.Errorf("%d are told, want 10", got.Told)
	}
}

func TestIDsOfAllGenerations(t *testing.T) {
	for name, cfg := range map[string]Config{"filtered": {}, "without memory for filters": {FilterBytes: 1}} {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			o := d.open(t, cfg)
			var all []Event
			for i := range 5 {
				e := event(fmt.Sprint(i), 1, time.Time{})
				add(t, o, noon.Add(time.Duration(i)*15*day), Accepted, e)
				all = append(all, e)
			}
			if n := len(o.generations); n != 5 {
				t.Fatalf("%d generations, want 5", n)
			}
			late := noon.Add(62 * day)
			add(t, o, late, Known, all...)
			o.Close()
			o = d.open(t, cfg)
			add(t, o, late, Known, all...)
			eventually(t, "the filters are built", func() bool {
				select {
				case <-o.filtered:
					return true
				default:
					return false
				}
			})
			add(t, o, late, Known, all...)
			// A clock that was set back changes nothing.
			add(t, o, noon, Known, all...)
			add(t, o, noon, Accepted, event("new", 1, noon))
			add(t, o, late, Known, event("new", 1, noon))
			sound(t, o)
		})
	}
}

func TestLateEvents(t *testing.T) {
	o := newDisk().open(t, Config{})
	add(t, o, noon, Accepted, event("e1", 5, noon.Add(-2*time.Hour)))
	freeze(t, o, noon)
	now := noon.Add(10 * time.Minute)
	add(t, o, now, Accepted,
		event("late", 3, noon.Add(-2*time.Hour)),                         // its hour is frozen, the next one is free
		event("late too", 4, noon.Add(-90*time.Minute)),                  // the same
		event("in time", 10, noon.Add(-30*time.Minute)),                  // its hour ended, but has no record
		event("too late to bill", 20, noon.Add(-3*day)),                  // goes to the first hour that can be billed
		event("too late to bill either", 40, noon.Add(-2*day-time.Hour))) // the same
	type sums struct {
		Hours                              int // before noon
		Told, Events, LateEvents, LateTold int64
	}
	var got []sums
	for _, h := range o.Accounts("", Customer{})[0].Open {
		got = append(got, sums{int(HourOf(noon)) - int(h.Hour), h.Told, h.Events, h.LateEvents, h.LateTold})
	}
	want := []sums{{23, 60, 2, 2, 60}, {1, 17, 3, 2, 7}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	freeze(t, o, now)
	ignored := cmpopts.IgnoreFields(Note{}, "Per")
	for i, want := range []Note{{Events: 2, Told: 60, LateEvents: 2, LateTold: 60}, {Events: 1, Told: 5}, {Events: 3, Told: 17, LateEvents: 2, LateTold: 7}} {
		if diff := cmp.Diff(want, records(t, o, Filter{})[i].Note, ignored); diff != "" {
			t.Errorf("record %d: %s", i, diff)
		}
	}
	sound(t, o)
}

func TestAddHasABound(t *testing.T) {
	o := newDisk().open(t, Config{})
	events := make([]Event, EventsMax+1)
	for i := range events {
		events[i] = event(fmt.Sprint(i), 1, noon)
	}
	if _, err := o.Add(context.Background(), events, noon); err == nil {
		t.Error("more than EventsMax events were added")
	}
	add(t, o, noon, Accepted, events[:EventsMax]...)
}

func TestClockOutOfBounds(t *testing.T) {
	o := newDisk().open(t, Config{})
	for year, good := range map[int]bool{yearMin - 1: false, yearMin: true, yearMax: true, yearMax + 1: false} {
		now := time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)
		_, addErr := o.Add(context.Background(), []Event{event(fmt.Sprint(year), 1, now)}, now)
		_, closeErr := o.CloseCustomer(context.Background(), "", testKey(2).Customer, now)
		if (addErr == nil) != good || (closeErr == nil) != good {
			t.Errorf("in the year %d: %v, %v", year, addErr, closeErr)
		}
	}
	sound(t, o)
}

func TestKeysHaveABound(t *testing.T) {
	o := newDisk().open(t, Config{})
	o.keysMax = 2
	two := event("2", 1, noon)
	two.Key = testKey(2)
	three := event("3", 1, noon)
	three.Key = testKey(3)
	add(t, o, noon, Accepted, event("1", 1, noon), two)
	add(t, o, noon, Refused, three)
	add(t, o, noon, Accepted, event("4", 1, noon))
	if _, err := o.EnsureZero(context.Background(), []Key{three.Key}, HourOf(noon), noon); err == nil {
		t.Error("a third key was made")
	}
	if n := len(o.Accounts("", Customer{})); n != 2 {
		t.Errorf("%d keys, want 2", n)
	}
}

func TestOpenSumsHaveABound(t *testing.T) {
	o := newDisk().open(t, Config{})
	o.sumsMax = 3
	tag := metering.Tag{Key: "k", Value: "1"}
	add(t, o, noon, Accepted, event("1", 1, noon))
	add(t, o, noon, Accepted, event("2", 1, noon, tag))
	add(t, o, noon, Accepted, event("3", 1, noon.Add(-time.Hour)))
	add(t, o, noon, Refused, event("4", 1, noon.Add(-2*time.Hour)))
	add(t, o, noon, Refused, event("5", 1, noon, metering.Tag{Key: "k", Value: "2"}))
	add(t, o, noon, Refused, event("6", 1, noon.Add(-time.Hour), tag))
	// What is open goes on.
	add(t, o, noon, Accepted, event("7", 1, noon), event("8", 1, noon, tag))
	freeze(t, o, noon)
	add(t, o, noon, Accepted, event("9", 1, noon.Add(-2*time.Hour)))
	if stats, err := o.Stats(context.Background()); err != nil || stats.OpenSums != 3 || stats.OpenHours != 2 {
		t.Errorf("%+v (%v), want 3 sums in 2 hours", stats, err)
	}
}

// TestAmountsHaveABound: no sum can ever overflow, and that holds after a
// reopening and for credit too.
func TestAmountsHaveABound(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	add(t, o, noon, Accepted, event("1", EventQuantityMax, noon), event("2", -EventQuantityMax, noon.Add(-time.Hour)))
	freeze(t, o, noon)
	o.Close()
	o = d.open(t, Config{})
	if o.gross != 2*EventQuantityMax {
		t.Fatalf("%d were counted, want %d", o.gross, int64(2*EventQuantityMax))
	}
	o.gross = AmountMax - 3
	add(t, o, noon, Refused, event("3", 4, noon))
	add(t, o, noon, Refused, event("4", -4, noon))
	add(t, o, noon, Accepted, event("5", 2, noon))
	add(t, o, noon, Accepted, event("6", -1, noon))
	add(t, o, noon, Refused, event("7", 1, noon))
	add(t, o, noon, Accepted, event("8", 0, noon))
}
