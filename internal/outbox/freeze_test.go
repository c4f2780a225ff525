package outbox

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/metering"
)

func TestRecordOfAnHour(t *testing.T) {
	o := newDisk().open(t, Config{})
	ten := at("2026-11-22T10:00:00Z")
	add(t, o, ten.Add(40*time.Minute), Accepted,
		event("e1", 5, ten.Add(31*time.Minute+999*time.Millisecond), metering.Tag{Key: "team", Value: "b"}),
		event("e2", 7, ten.Add(30*time.Minute), metering.Tag{Key: "team", Value: "a"}),
		event("e3", 2, ten.Add(1*time.Minute)),
		event("e4", 3, ten.Add(2*time.Minute), metering.Tag{Key: "team", Value: "b"}))
	settle := 5 * time.Minute
	if n, err := o.Freeze(context.Background(), noon.Add(-time.Hour+settle-1), settle); err != nil || n != 0 {
		t.Fatalf("%d records (%v) before the settle delay is over", n, err)
	}
	now := noon.Add(-time.Hour + settle)
	if n, err := o.Freeze(context.Background(), now, settle); err != nil || n != 1 {
		t.Fatalf("%d records (%v), want one", n, err)
	}
	want := Record{
		ID:        RecordID{HourOf(ten), 1},
		Key:       testKey(1),
		Timestamp: ten.Add(31 * time.Minute),
		Deadline:  ten.Add(24*time.Hour + 31*time.Minute),
		Quantity:  17,
		Allocations: []metering.Allocation{
			{Quantity: 2},
			{Quantity: 7, Tags: []metering.Tag{{Key: "team", Value: "a"}}},
			{Quantity: 8, Tags: []metering.Tag{{Key: "team", Value: "b"}}},
		},
		FrozenAt: now,
		Note:     Note{Events: 4, Told: 17, Per: 1},
		Fate:     Fate{State: Pending},
	}
	if diff := cmp.Diff(want, onlyRecord(t, o), cmp.AllowUnexported(RecordID{})); diff != "" {
		t.Error(diff)
	}
	if n := freeze(t, o, noon); n != 0 {
		t.Errorf("%d more records of the same hour", n)
	}
	sound(t, o)
}

// TestFrozenIsFrozen: whatever happens to a record, what is sent stays the same
// bytes.
func TestFrozenIsFrozen(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	ctx := context.Background()
	add(t, o, noon, Accepted, event("e1", 5, noon, metering.Tag{Key: "team", Value: "b"}))
	freeze(t, o, noon.Add(time.Hour))
	r := onlyRecord(t, o)
	frozen := appendFrozen(nil, &r)
	now := noon.Add(2 * time.Hour)
	for i, step := range []func() error{
		func() error { return o.MarkSent(ctx, []RecordID{r.ID}, now) },
		func() error { return o.Settle(ctx, []Verdict{{Record: r.ID, State: Dead, Cause: "refused"}}, now) },
		func() error { return o.Resend(ctx, r.ID, "ann", "subscribed again", now) },
		func() error {
			_, err := o.Add(ctx, []Event{event("late", 9, noon)}, now)
			return err
		},
		func() error { _, err := o.Freeze(ctx, now.Add(2*time.Hour), 0); return err },
		func() error { _, err := o.Expire(ctx, noon.Add(48*time.Hour)); return err },
		func() error { return o.CarryOn(ctx, r.ID, "ann", "still due", noon.Add(50*time.Hour)) },
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		o.Close()
		o = d.open(t, Config{})
		again, err := o.Record(ctx, r.ID)
		if err != nil || !bytes.Equal(appendFrozen(nil, &again), frozen) {
			t.Fatalf("after step %d the record is %+v (%v)", i, again, err)
		}
	}
	sound(t, o)
}

// TestFrozenDoesNotDependOnOrder: the same usage makes the same record.
func TestFrozenDoesNotDependOnOrder(t *testing.T) {
	var want []byte
	for round := range 20 {
		o := newDisk().open(t, Config{})
		for i := range 10 {
			n := (i*7 + round) % 10
			add(t, o, noon, Accepted, event(fmt.Sprint(n), int64(n), noon.Add(time.Duration(n)*time.Second), metering.Tag{Key: "k", Value: fmt.Sprint(n % 4)}))
		}
		freeze(t, o, noon.Add(time.Hour))
		r := onlyRecord(t, o)
		if got := appendFrozen(nil, &r); want != nil && !bytes.Equal(got, want) {
			t.Fatalf("in round %d: %+v", round, r)
		} else {
			want = got
		}
	}
}

// hoursOf are the quantities of all records, by hour, of hours from noon on.
func hoursOf(t *testing.T, o *Outbox) map[int]int64 {
	t.Helper()
	quantities := map[int]int64{}
	for _, r := range records(t, o, Filter{}) {
		quantities[int(r.ID.Hour)-int(HourOf(noon))] = r.Quantity
	}
	return quantities
}

func TestWhatDoesNotFitGoesOn(t *testing.T) {
	o := newDisk().open(t, Config{})
	add(t, o, noon, Accepted, event("e1", 2*QuantityMax+5, noon), event("e2", 10, noon.Add(time.Minute)))
	freeze(t, o, noon.Add(90*time.Minute))
	if diff := cmp.Diff(map[int]int64{0: QuantityMax}, hoursOf(t, o)); diff != "" {
		t.Fatal(diff)
	}
	// Hours that ended take their part at once.
	freeze(t, o, noon.Add(10*time.Hour))
	if diff := cmp.Diff(map[int]int64{0: QuantityMax, 1: QuantityMax, 2: 15}, hoursOf(t, o)); diff != "" {
		t.Error(diff)
	}
	var notes []Note
	for _, r := range records(t, o, Filter{}) {
		notes = append(notes, r.Note)
	}
	want := []Note{
		{Events: 2, Told: 2*QuantityMax + 15, CarriedOut: QuantityMax + 15, Per: 1},
		{CarriedIn: QuantityMax + 15, CarriedOut: 15, Per: 1},
		{CarriedIn: 15, Per: 1},
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Error(diff)
	}
	sound(t, o)
}

func TestCreditIsCarriedForward(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	for i, quantity := range []int64{-12, 5, 0, 10, 4} {
		now := noon.Add(time.Duration(i) * time.Hour)
		add(t, o, now, Accepted, event(fmt.Sprint(i), quantity, now))
		freeze(t, o, now.Add(time.Hour))
		o.Close()
		o = d.open(t, Config{})
	}
	// The first two hours are void; in the third a 0 was asked for.
	if diff := cmp.Diff(map[int]int64{0: 0, 1: 0, 2: 0, 3: 3, 4: 4}, hoursOf(t, o)); diff != "" {
		t.Error(diff)
	}
	states := ""
	for _, r := range records(t, o, Filter{}) {
		states += fmt.Sprintf("%s %d-%d ", r.Fate.State, r.Note.CreditIn, r.Note.CreditOut)
	}
	if want := "void 0-12 void 12-7 pending 7-7 pending 7-0 pending 0-0 "; states != want {
		t.Errorf("states and credit are %q, want %q", states, want)
	}
	if got := sound(t, o); got.Told != 7 || got.Credit != 0 || got.Pending != 7 {
		t.Errorf("%+v", got)
	}
}

func TestTerms(t *testing.T) {
	o := newDisk().open(t, Config{Terms: func(k Key) Terms {
		if k != testKey(1) {
			return Terms{}
		}
		return Terms{Per: 1000, Included: 5000}
	}})
	start := at("2026-11-30T20:00:00Z")
	other := event("other", 70, start)
	other.Key = testKey(2)
	add(t, o, start, Accepted, other)
	for i, quantity := range []int64{4100, 2100, 1899, 6100, 1900} {
		now := start.Add(time.Duration(i) * time.Hour)
		add(t, o, now, Accepted, event(fmt.Sprint(i), quantity, now))
		freeze(t, o, now.Add(time.Hour))
	}
	type line struct{ Quantity, Included, In, Out int64 }
	var got []line
	for _, r := range records(t, o, Filter{Customer: testKey(1).Customer}) {
		got = append(got, line{r.Quantity, r.Note.Included, r.Note.CarriedIn, r.Note.CarriedOut})
	}
	want := []line{
		{0, 4100, 0, 0},
		{1, 900, 0, 200},
		{2, 0, 200, 99},
		{6, 0, 99, 199},
		{0, 2099, 199, 0}, // December has begun.
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Of a month that is over, nothing is included any more.
	add(t, o, start.Add(5*time.Hour), Accepted, event("late", 3000, start.Add(-time.Hour)))
	freeze(t, o, start.Add(5*time.Hour))
	if r := records(t, o, Filter{To: HourOf(start) - 1})[0]; r.Quantity != 3 || r.Note.Included != 0 {
		t.Errorf("a late record of the month before: %+v", r)
	}
	sound(t, o)
}

// TestRemainderWaits: what does not fill a billed unit is not handed from hour
// to hour, but waits for usage to come.
func TestRemainderWaits(t *testing.T) {
	o := newDisk().open(t, Config{Terms: func(Key) Terms { return Terms{Per: 1000} }})
	now := noon
	add(t, o, now, Accepted, event("e1", 1400, now))
	for range 30 {
		now = now.Add(time.Hour)
		freeze(t, o, now)
		if _, err := o.CloseCustomer(context.Background(), "", testKey(1).Customer, now); err != nil {
			t.Fatal(err)
		}
	}
	onlyRecord(t, o)
	add(t, o, now, Accepted, event("e2", 700, now))
	now = now.Add(time.Hour)
	freeze(t, o, now)
	type line struct {
		Hour          Hour
		Quantity, Out int64
		State         State
	}
	var got []line
	for _, r := range records(t, o, Filter{}) {
		got = append(got, line{r.ID.Hour - HourOf(noon), r.Quantity, r.Note.CarriedOut, r.Fate.State})
	}
	if diff := cmp.Diff([]line{{0, 1, 400, Pending}, {1, 0, 400, Void}, {30, 1, 100, Pending}}, got); diff != "" {
		t.Error(diff)
	}
	if got := sound(t, o); got.Open != 100 {
		t.Errorf("%+v, want 100 open", got)
	}
}

// TestHoursThatCannotBeBilled: usage that was counted in time, but not frozen in
// time, is billed later, and that is told.
func TestHoursThatCannotBeBilled(t *testing.T) {
	tests := []struct {
		name        string
		event, now  string
		hour, lands string
	}{
		{"within the day", "2026-11-22T12:30:00Z", "2026-11-23T12:24:59Z", "2026-11-22T12:00:00Z", ""},
		{"a day later, less the margin", "2026-11-22T12:30:00Z", "2026-11-23T12:25:00Z", "2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"},
		{"months later", "2026-11-22T12:30:00Z", "2027-03-23T12:30:00Z", "2026-11-22T12:00:00Z", "2027-03-22T13:00:00Z"},
		{"the month closes", "2026-11-30T23:30:00Z", "2026-12-01T05:54:59Z", "2026-11-30T23:00:00Z", ""},
		{"the month is closed", "2026-11-30T23:30:00Z", "2026-12-01T05:55:00Z", "2026-11-30T23:00:00Z", "2026-12-01T00:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newDisk().open(t, Config{})
			add(t, o, at(test.event), Accepted, event("e1", 5, at(test.event), metering.Tag{Key: "a", Value: "b"}))
			freeze(t, o, at(test.now))
			list := records(t, o, Filter{})
			if test.lands == "" {
				if len(list) != 1 || list[0].Quantity != 5 || list[0].Fate.State != Pending {
					t.Errorf("%+v, want one record of 5", list)
				}
				return
			}
			if len(list) != 2 || list[0].Fate.State != Void || list[0].Note.CarriedOut != 5 || list[0].ID.Hour != HourOf(at(test.hour)) {
				t.Fatalf("%+v, want a void record that hands on 5", list)
			}
			if r := list[1]; r.ID.Hour != HourOf(at(test.lands)) || r.Quantity != 5 || r.Note.CarriedIn != 5 || len(r.Allocations) != 1 || !r.Deadline.After(at(test.now)) {
				t.Errorf("%+v, want a record of 5 at %s", r, test.lands)
			}
			sound(t, o)
		})
	}
}

func TestEnsureZero(t *testing.T) {
	o := newDisk().open(t, Config{})
	ctx := context.Background()
	hour := HourOf(noon)
	add(t, o, noon, Accepted, event("e1", 5, noon))
	keys := []Key{testKey(1), testKey(2)}
	for range 2 { // The second time changes nothing.
		if n, err := o.EnsureZero(ctx, keys, hour, noon); err != nil || n != 2 {
			t.Fatalf("%d hours (%v), want 2", n, err)
		}
	}
	if n, err := o.EnsureZero(ctx, keys, hour-30, noon); err != nil || n != 0 {
		t.Errorf("%d hours (%v) of the day before", n, err)
	}
	if n := freeze(t, o, noon.Add(time.Hour)); n != 2 {
		t.Fatalf("%d records, want 2", n)
	}
	list := records(t, o, Filter{})
	if list[0].Quantity != 5 || list[1].Quantity != 0 || list[1].Fate.State != Pending || list[0].Timestamp != noon || list[1].Timestamp != noon {
		t.Errorf("%+v", list)
	}
	if n, err := o.EnsureZero(ctx, keys, hour, noon); err != nil || n != 0 {
		t.Errorf("%d frozen hours (%v) were opened", n, err)
	}
	if _, err := o.EnsureZero(ctx, []Key{testKey(3), {}}, hour+1, noon); err == nil {
		t.Error("a record of no product is ensured")
	}
	if got := sound(t, o); got.Told != 5 || len(o.open) != 0 {
		t.Errorf("%+v, and %d open hours", got, len(o.open))
	}
}

func TestCloseCustomer(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	ctx := context.Background()
	now := noon.Add(25 * time.Minute)
	other, elsewhere := event("e3", 7, now), event("e4", 9, now)
	other.Key, elsewhere.Product = testKey(2), "prod-other"
	add(t, o, now, Accepted, event("e1", 5, noon.Add(-time.Minute)), event("e2", 6, now.Add(3*time.Minute)), other, elsewhere)
	if n, err := o.CloseCustomer(ctx, "prod-abc123", testKey(1).Customer, now); err != nil || n != 2 {
		t.Fatalf("%d records (%v), want 2", n, err)
	}
	list := pending(t, o, now)
	if len(list) != 2 || list[0].Quantity != 5 || list[1].Quantity != 6 {
		t.Fatalf("%+v", list)
	}
	// The service takes nothing from the future.
	if list[1].Timestamp != now {
		t.Errorf("the record is of %s, it is %s", list[1].Timestamp, now)
	}

	// What comes later counts in the next hour, and another call sends it in time.
	late := now.Add(10 * time.Minute)
	add(t, o, late, Accepted, event("e5", 1, late))
	if n, err := o.CloseCustomer(ctx, "", testKey(1).Customer, late); err != nil || n != 1 {
		t.Fatalf("%d records (%v), want that of the other product", n, err)
	}
	final := noon.Add(80 * time.Minute)
	if n, err := o.CloseCustomer(ctx, "", testKey(1).Customer, final); err != nil || n != 1 {
		t.Fatalf("%d records (%v), want that of the late event", n, err)
	}
	o.Close()
	o = d.open(t, Config{})
	for _, a := range o.Accounts("", Customer{}) {
		if want := a.Key.Customer == testKey(1).Customer; a.ClosedAt.Equal(final) != want || (len(a.Open) == 0) != want {
			t.Errorf("%+v", a)
		}
	}
	sound(t, o)
}

// TestFreezeGoesInSteps: a large freeze lets others write in between, and leaves
// nothing behind.
func TestFreezeGoesInSteps(t *testing.T) {
	o := newDisk().open(t, Config{})
	const keys = 3*stepRows + 1
	events := make([]Event, keys)
	for i := range events {
		events[i] = event(fmt.Sprint(i), 1, noon)
		events[i].Key = testKey(i)
	}
	for part := range 2 {
		from, to := part*keys/2, (part+1)*keys/2
		add(t, o, noon, Accepted, events[from:to]...)
	}
	if n := freeze(t, o, noon.Add(time.Hour)); n != keys {
		t.Errorf("%d records, want %d", n, keys)
	}
	if got := sound(t, o); got.Pending != keys || got.Open != 0 {
		t.Errorf("%+v", got)
	}
	expired, err := o.Expire(context.Background(), noon.Add(25*time.Hour))
	if err != nil || expired != keys {
		t.Errorf("%d records expired (%v), want %d", expired, err, keys)
	}
	if got := sound(t, o); got.Dead != keys {
		t.Errorf("%+v", got)
	}
}
