package outbox

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/metering"
)

// used is an outbox with something of everything.
func used(t *testing.T) *Outbox {
	t.Helper()
	o := newDisk().open(t, Config{})
	ctx := context.Background()
	now := noon.Add(5 * time.Hour)
	tag := metering.Tag{Key: "k", Value: "v"}
	other := event("o", 3, noon)
	other.Key = testKey(2)
	add(t, o, now, Accepted, event("1", 5, noon, tag), event("2", 6, noon.Add(time.Hour)), event("3", -2, noon.Add(2*time.Hour)), other)
	freeze(t, o, now)
	list := records(t, o, Filter{})
	settle(t, o, list[0].ID, Done, now)
	settle(t, o, list[1].ID, Dead, now)
	add(t, o, now, Accepted, event("4", 8, now, tag), event("5", 9, now), event("6", 1, now), event("7", 1, now, tag))
	if err := o.CarryOn(ctx, list[1].ID, "ann", "", now); err != nil {
		t.Fatal(err)
	}
	add(t, o, now.Add(time.Hour), Accepted, event("8", 8, now.Add(time.Hour)))
	freeze(t, o, now.Add(time.Hour))
	later := now.Add(time.Hour)
	o.checkpointAt = 1
	add(t, o, later, Accepted, event("9", 2, later), event("10", 3, later, tag))
	o.checkpointAt = checkpointEntries
	add(t, o, later, Accepted, event("11", 4, later))
	return o
}

// TestCheckFindsDamage changes each kind of row so that it can still be read, and
// leaves each out.
func TestCheckFindsDamage(t *testing.T) {
	sound(t, used(t))
	claimed := func(value []byte) []byte {
		c, _ := decodeClaim(value)
		c.quantity++
		return appendClaim(nil, c)
	}
	record := func(change func(*Record)) func([]byte) []byte {
		return func(value []byte) []byte {
			r, _ := decodeFrozen(value)
			change(&r)
			return appendFrozen(nil, &r)
		}
	}
	headed := func(change func(*head)) func([]byte) []byte {
		return func(value []byte) []byte {
			h, _ := decodeHead(value)
			change(&h)
			return appendHead(nil, &h)
		}
	}
	tests := []struct {
		name   string
		prefix []byte
		change func([]byte) []byte // nil removes the row
		want   string
	}{
		{"claim lost", []byte{claimTable}, nil, "events claimed"},
		{"claim changed", []byte{claimTable}, claimed, "amount claimed"},
		{"record lost", []byte{recordTable}, nil, "totals of records"},
		{"quantity changed", []byte{recordTable}, record(func(r *Record) { r.Quantity++ }), "does not explain"},
		{"quantity too large", []byte{recordTable}, record(func(r *Record) { r.Quantity = QuantityMax + 1 }), "has the quantity"},
		{"hour changed", []byte{recordTable}, record(func(r *Record) { r.Timestamp = r.Timestamp.Add(time.Hour) }), "has the timestamp"},
		{"deadline changed", []byte{recordTable}, record(func(r *Record) { r.Deadline = r.Deadline.Add(1) }), "queue"},
		{"both changed", []byte{recordTable}, record(func(r *Record) { r.Quantity++; r.Note.Told++ }), "totals of records"},
		{"allocations changed", []byte{recordTable}, record(func(r *Record) { r.Allocations = []metering.Allocation{{Quantity: 1}} }), "add up"},
		{"place in the queue lost", []byte{queueTable}, nil, "queue"},
		{"account lost", []byte{accountTable}, nil, "totals of records"},
		{"log lost", []byte{logTable}, nil, "claimed"},
		{"head changed", []byte{headTable}, headed(func(h *head) { h.Told++ }), "claimed"},
		{"sum of a head changed", []byte{headTable}, headed(func(h *head) { h.plain++ }), "sums of"},
		{"carried changed", []byte{headTable}, headed(func(h *head) { h.CarriedIn++; h.plain++ }), "carried to open hours"},
		{"sum changed", []byte{sumTable}, func([]byte) []byte { return appendSum(nil, 77) }, "sums of"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := used(t)
			// Whichever row of the kind is hit, it must be noticed. The first
			// pending record's is the last but one.
			key, value := lastRow(t, o, test.prefix)
			var err error
			if test.change == nil {
				err = o.db.Delete(key, pebble.Sync)
			} else {
				err = o.db.Set(key, test.change(value), pebble.Sync)
			}
			if err != nil {
				t.Fatal(err)
			}
			report, err := o.Check(context.Background())
			if err != nil || !strings.Contains(strings.Join(report.Problems, "\n"), test.want) {
				t.Errorf("problems %q (%v), want one with %q", report.Problems, err, test.want)
			}
		})
	}
}

// lastRow is the last entry of a table; of records it is the frozen row of one
// that is pending.
func lastRow(t *testing.T, o *Outbox, prefix []byte) (key, value []byte) {
	t.Helper()
	err := eachRow(o.db, prefix, func(k, v []byte) error {
		if prefix[0] != recordTable || k[len(k)-1] == frozenRow {
			key, value = append([]byte(nil), k...), append([]byte(nil), v...)
		}
		return nil
	})
	if err != nil || key == nil {
		t.Fatalf("no row of %q (%v)", prefix, err)
	}
	return key, value
}

// TestDamageIsAnError: what cannot be read is neither skipped nor does it end the
// process.
func TestDamageIsAnError(t *testing.T) {
	for _, prefix := range []byte{claimTable, recordTable, headTable, sumTable, logTable, accountTable, keyTable} {
		for name, value := range map[string][]byte{"empty": {}, "format": {9, 1, 2}, "cut": {valueFormat, 0x80}} {
			t.Run(string(prefix)+" "+name, func(t *testing.T) {
				o := used(t)
				key, _ := lastRow(t, o, []byte{prefix})
				if err := o.db.Set(key, value, pebble.Sync); err != nil {
					t.Fatal(err)
				}
				if _, err := o.Check(context.Background()); !errors.Is(err, errDamaged) {
					t.Errorf("a check: %v", err)
				}
			})
		}
	}
}

func TestDamagedRows(t *testing.T) {
	o := used(t)
	ctx, now := context.Background(), noon.Add(7*time.Hour)
	r := pending(t, o, now)[0]
	if err := o.db.Set(appendRecordKey(nil, r.ID, fateRow), []byte{valueFormat, 99}, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := o.Settle(ctx, []Verdict{{Record: r.ID, State: Done}}, now); !errors.Is(err, errDamaged) {
		t.Errorf("settling: %v", err)
	}
	if _, err := o.Expire(ctx, now.Add(40*day)); !errors.Is(err, errDamaged) {
		t.Errorf("expiring: %v", err)
	}
	for _, err := range o.Pending(ctx, now, 0) {
		if !errors.Is(err, errDamaged) {
			t.Errorf("pending: %v", err)
		}
		break
	}
	if err := o.db.Set(appendClaimKey(nil, o.generations[0].start, "1"), nil, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Add(ctx, []Event{event("new", 1, now), event("1", 5, noon)}, now); !errors.Is(err, errDamaged) {
		t.Errorf("adding: %v", err)
	}
	// Nothing of the failed call stays.
	add(t, o, now, Accepted, event("new", 1, now))
	forget(t, o, now.Add(20*day))
	if _, err := o.Forget(ctx, now.Add(90*day)); !errors.Is(err, errDamaged) {
		t.Errorf("forgetting: %v", err)
	}
}

func TestProblemsHaveABound(t *testing.T) {
	for n, want := range map[int]int{problemsMax: problemsMax, problemsMax + 1: problemsMax} {
		o := newDisk().open(t, Config{})
		for i := range n {
			key := appendClaimKey(nil, 1, EventID(rune(i)))
			if err := o.db.Set(key, appendClaim(nil, claim{key: 7}), pebble.NoSync); err != nil {
				t.Fatal(err)
			}
		}
		report, err := o.Check(context.Background())
		if err != nil || len(report.Problems) != want {
			t.Errorf("%d problems (%v) of %d, want %d", len(report.Problems), err, n, want)
		}
	}
}
