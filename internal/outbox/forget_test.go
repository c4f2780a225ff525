package outbox

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

func forget(t *testing.T, o *Outbox, now time.Time) Forgotten {
	t.Helper()
	f, err := o.Forget(context.Background(), now)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestIDsAreRememberedLongEnough adds an event each day, and forgets each day.
func TestIDsAreRememberedLongEnough(t *testing.T) {
	d := newDisk()
	cfg := Config{Remember: 6 * day}
	o := d.open(t, cfg)
	var all []Event
	dropped := 0
	for i := range 40 {
		now := noon.Add(time.Duration(i) * day)
		e := event(fmt.Sprint(i), int64(i), now)
		add(t, o, now, Accepted, e)
		all = append(all, e)
		dropped += forget(t, o, now.Add(day-1)).Events
		add(t, o, now.Add(day-1), Known, all[max(0, i-5):]...)
		if i%7 == 0 {
			o.Close()
			o = d.open(t, cfg)
		}
		if got := sound(t, o); got.Events != int64(i+1) || got.Told != int64(i*(i+1)/2) {
			t.Fatalf("on day %d: %+v", i, got)
		}
	}
	// Six days and up to two more, in generations of two.
	if kept := len(all) - dropped; kept < 6 || kept > 10 {
		t.Errorf("%d ids are remembered", kept)
	}
	// What is forgotten cannot count again under its own time.
	add(t, o, noon.Add(40*day), Refused, all[0])
}

func TestForgettingGoesInSteps(t *testing.T) {
	o := newDisk().open(t, Config{Remember: day})
	const events = 2*stepRows + 10
	for part := range 2 {
		list := make([]Event, events/2)
		for i := range list {
			list[i] = event(fmt.Sprint(part, i), 1, noon)
			list[i].Key = testKey(i % 3)
		}
		add(t, o, noon, Accepted, list...)
	}
	if f := forget(t, o, noon.Add(day)); f.Events != 0 {
		t.Errorf("%+v after a day", f)
	}
	if f := forget(t, o, noon.Add(3*day)); f.Events != events {
		t.Errorf("%+v, want %d events", f, events)
	}
	if got := sound(t, o); got.Events != events || got.Told != events {
		t.Errorf("%+v", got)
	}
	if len(o.generations) > 2 || countRows(t, o, claimTable) != 0 {
		t.Errorf("%d generations and %d claims are left", len(o.generations), countRows(t, o, claimTable))
	}
	if left := o.pool.left.Load(); left != int64(o.cfg.FilterBytes) {
		t.Errorf("%d bytes of filters are left of %d", left, o.cfg.FilterBytes)
	}
}

// TestForgottenRecords: what was settled long ago goes, what a person must see
// stays, and the totals stay too.
func TestForgottenRecords(t *testing.T) {
	d := newDisk()
	cfg := Config{Remember: day, Keep: 2 * day}
	o := d.open(t, cfg)
	for i := range 6 {
		now := noon.Add(time.Duration(i) * time.Hour)
		add(t, o, now, Accepted, event(fmt.Sprint(i), int64(1<<i), now))
	}
	now := noon.Add(6 * time.Hour)
	add(t, o, now, Accepted, event("credit", -32, noon.Add(5*time.Hour)))
	freeze(t, o, now)
	list := records(t, o, Filter{})
	ctx := context.Background()
	for i, state := range []State{Done, Dead, Dead, Dead} {
		settle(t, o, list[i].ID, state, now)
	}
	if err := o.Discard(ctx, list[2].ID, "ann", "", now); err != nil {
		t.Fatal(err)
	}
	if err := o.CarryOn(ctx, list[3].ID, "ann", "", now); err != nil {
		t.Fatal(err)
	}
	before := sound(t, o)
	late := noon.Add(2*day + 6*time.Hour)
	if f := forget(t, o, late.Add(-time.Hour)); f.Records != 3 { // done, discarded, carried
		t.Errorf("%+v, want 3 records", f)
	}
	if f := forget(t, o, late); f.Records != 1 { // void
		t.Errorf("%+v, want one record", f)
	}
	if got := sound(t, o); got != before {
		t.Errorf("%+v, want %+v", got, before)
	}
	// The log of additions must not bring back what it says of hours whose
	// record is gone.
	o.Close()
	o = d.open(t, cfg)
	if got := sound(t, o); got != before {
		t.Errorf("after a reopening %+v, want %+v", got, before)
	}
	list = records(t, o, Filter{})
	if len(list) != 2 || list[0].Fate.State != Dead || list[1].Fate.State != Pending {
		t.Errorf("%+v are left", list)
	}
	acts := 0
	for _, err := range o.Acts(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		acts++
	}
	if acts != 2 {
		t.Errorf("%d acts are left, want 2", acts)
	}
}

func countRows(t *testing.T, o *Outbox, table byte) (n int) {
	t.Helper()
	it, err := o.db.NewIter(&pebble.IterOptions{LowerBound: []byte{table}, UpperBound: []byte{table + 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	return n
}

// TestCheckpointsEndTheLog: what opening has to repeat is bounded.
func TestCheckpointsEndTheLog(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	o.checkpointAt = 10
	for i := range 35 {
		e := event(fmt.Sprint(i), 1, noon)
		e.Key = testKey(i % 4)
		add(t, o, noon, Accepted, e)
	}
	if n := countRows(t, o, logTable); n != 5 {
		t.Errorf("%d additions are logged, want 5", n)
	}
	if n := countRows(t, o, headTable); n != 4 {
		t.Errorf("%d heads are stored, want 4", n)
	}
	o.Close()
	o = d.open(t, Config{})
	if got := sound(t, o); got.Open != 35 || o.logged != 5 {
		t.Errorf("%+v, and %d additions repeated", got, o.logged)
	}
	// A frozen hour leaves no rows behind.
	freeze(t, o, noon.Add(time.Hour))
	if n := countRows(t, o, headTable); n != 0 {
		t.Errorf("%d heads are left", n)
	}
}
