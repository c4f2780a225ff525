package outbox

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/meterd/meterd/internal/metering"
)

// batchOf is usage of two keys, one with tags.
func batchOf(quantity int64, at time.Time) []Event {
	list := []Event{
		event("", quantity, at),
		event("", 1, at, metering.Tag{Key: "team", Value: "red"}),
		event("", 100, at),
	}
	list[2].Key = testKey(2)
	return list
}

// addBatch adds a batch and returns the outcomes.
func addBatch(t *testing.T, o *Outbox, id EventID, events []Event, now time.Time) []Answer {
	t.Helper()
	answers, err := o.AddBatch(context.Background(), id, events, now)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

var outcomeOnly = cmpopts.IgnoreFields(Answer{}, "Detail")

func TestBatchCountsOnce(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{Remember: day})
	for i, want := range []Outcome{Accepted, Known, Known} {
		// The last time after it was opened again.
		if i == 2 {
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			o = d.open(t, Config{Remember: day})
		}
		got := addBatch(t, o, "batch-1", batchOf(7, noon), noon)
		if diff := cmp.Diff([]Answer{{Outcome: want}, {Outcome: want}, {Outcome: want}}, got); diff != "" {
			t.Errorf("repetition %d: %s", i, diff)
		}
		if totals := sound(t, o); totals.Events != 3 || totals.Told != 108 {
			t.Errorf("repetition %d: %+v", i, totals)
		}
	}
	if n := countRows(t, o, claimTable); n != 1 {
		t.Errorf("%d claims, want 1", n)
	}
	for _, events := range [][]Event{batchOf(8, noon), batchOf(7, noon)[:2]} {
		if got := addBatch(t, o, "batch-1", events, noon); got[0].Reason != ReasonIDReused {
			t.Errorf("other events under the same id: %+v", got)
		}
	}
	// Neither may an event take the id.
	add(t, o, noon, Refused, event("batch-1", 7, noon))
	freeze(t, o, noon.Add(time.Hour))
	if totals := sound(t, o); totals.Pending != 108 {
		t.Errorf("frozen: %+v", totals)
	}
	forget(t, o, noon.Add(day)) // Begins another generation of ids.
	if f := forget(t, o, noon.Add(3*day)); f.Events != 1 {
		t.Errorf("%+v, want the one claim to be forgotten", f)
	}
	sound(t, o)
}

func TestBatchCountsWholeOrNotAtAll(t *testing.T) {
	o := newDisk().open(t, Config{})
	o.keysMax = 2
	full := append(batchOf(7, noon), event("", 1, noon))
	full[3].Key = testKey(3)
	old := batchOf(7, noon)
	old[1].Time = noon.Add(-365 * day)
	huge := batchOf(EventQuantityMax+1, noon)
	for _, test := range []struct {
		name   string
		events []Event
		want   []Answer
	}{
		{"too many keys", full, []Answer{{}, {}, {}, {Outcome: Refused, Reason: ReasonFull}}},
		{"too old", old, []Answer{{}, {Outcome: Refused, Reason: ReasonTooOld}, {}}},
		{"too much", huge, []Answer{{Outcome: Refused, Reason: ReasonQuantity}, {}, {}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, addBatch(t, o, "batch-1", test.events, noon), outcomeOnly); diff != "" {
				t.Error(diff)
			}
			if totals := sound(t, o); totals != (Totals{}) || o.gross != 0 {
				t.Errorf("something counted: %+v, gross %d", totals, o.gross)
			}
		})
	}
	// The id was not claimed, so what is left can have it.
	if got := addBatch(t, o, "batch-1", full[:3], noon); got[0].Outcome != Accepted {
		t.Errorf("%+v", got)
	}
	if totals := sound(t, o); totals.Told != 108 {
		t.Errorf("%+v", totals)
	}
}

// TestBatchOfUnknownOutcome: whoever does not know whether a batch was stored
// opens the outbox again and repeats it.
func TestBatchOfUnknownOutcome(t *testing.T) {
	for _, kept := range []int{0, 100} {
		d := newDisk()
		o := d.open(t, Config{})
		addBatch(t, o, "batch-1", batchOf(1, noon), noon)
		d.on(failing(isLogSync))
		if _, err := o.AddBatch(t.Context(), "batch-2", batchOf(2, noon), noon); !errors.Is(err, ErrUnknownOutcome) {
			t.Fatalf("got %v, want ErrUnknownOutcome", err)
		}
		d.on(nil)
		o = d.powerCut(kept, 1).open(t, Config{})
		addBatch(t, o, "batch-1", batchOf(1, noon), noon)
		addBatch(t, o, "batch-2", batchOf(2, noon), noon)
		if totals := sound(t, o); totals.Told != 205 || totals.Events != 6 {
			t.Errorf("with %d %% kept: %+v", kept, totals)
		}
	}
}

func TestBatchLimits(t *testing.T) {
	o := newDisk().open(t, Config{})
	for _, test := range []struct {
		id     string
		events int
	}{{"", 1}, {string(make([]byte, EventIDBytesMax+1)), 1}, {"batch-1", EventsMax + 1}} {
		if _, err := o.AddBatch(t.Context(), EventID(test.id), make([]Event, test.events), noon); err == nil {
			t.Errorf("a batch of %d events with an id of %d bytes was taken", test.events, len(test.id))
		}
	}
}
