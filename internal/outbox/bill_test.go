package outbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/metering"
)

// set is a set of one tag.
func set(key, value string) tagSet { return canonical([]metering.Tag{{Key: key, Value: value}}) }

func TestBill(t *testing.T) {
	a, b := set("t", "a"), set("t", "b")
	tests := []struct {
		name string
		dues dues
		want bill
	}{
		{"nothing", dues{per: 1}, bill{}},
		{"untagged", dues{shares: []share{{"", 5}}, per: 1}, bill{taken: []share{{"", 5}}, quantity: 5}},
		{"in canonical order", dues{shares: []share{{b, 9}, {a, 1}, {"", 5}}, per: 1},
			bill{taken: []share{{"", 5}, {a, 1}, {b, 9}}, quantity: 15}},
		{"a correction becomes credit", dues{shares: []share{{"", -5}}, credit: 2, per: 1}, bill{credit: 7}},
		{"a correction of other tags", dues{shares: []share{{a, -5}, {b, 7}}, per: 1}, bill{taken: []share{{b, 2}}, quantity: 2}},
		{"credit takes the largest first", dues{shares: []share{{"", 4}, {a, 10}, {b, 6}}, credit: 12, per: 1},
			bill{taken: []share{{"", 4}, {b, 4}}, quantity: 8}},
		{"credit is left", dues{shares: []share{{"", 4}}, credit: 12, per: 1}, bill{credit: 8}},
		{"included", dues{shares: []share{{"", 4}, {a, 1}}, included: 3, per: 1}, bill{taken: []share{{"", 1}, {a, 1}}, quantity: 2, included: 3}},
		{"less than included", dues{shares: []share{{"", 4}}, included: 30, per: 1}, bill{included: 4}},
		{"credit before included", dues{shares: []share{{"", 4}}, credit: 3, included: 30, per: 1}, bill{included: 1}},
		{"a unit of ten", dues{shares: []share{{"", 25}, {a, 9}, {b, 40}}, per: 10},
			bill{taken: []share{{"", 2}, {b, 4}}, rest: []share{{"", 5}, {a, 9}}, quantity: 6}},
		{"the largest quantity", dues{shares: []share{{"", QuantityMax}}, per: 1}, bill{taken: []share{{"", QuantityMax}}, quantity: QuantityMax}},
		{"one more", dues{shares: []share{{"", QuantityMax + 1}}, per: 1},
			bill{taken: []share{{"", QuantityMax}}, rest: []share{{"", 1}}, quantity: QuantityMax}},
		{"one more in two", dues{shares: []share{{a, QuantityMax}, {b, 1}}, per: 1},
			bill{taken: []share{{a, QuantityMax}}, rest: []share{{b, 1}}, quantity: QuantityMax}},
		{"one more with units", dues{shares: []share{{"", QuantityMax*10 + 19}}, per: 10},
			bill{taken: []share{{"", QuantityMax}}, rest: []share{{"", 19}}, quantity: QuantityMax}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.dues.settle()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(bill{}, share{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecordsHoldSoMany(t *testing.T) {
	tests := []struct {
		name  string
		sets  int
		tags  func(i int) []metering.Tag
		taken int
	}{
		{"the most allocations", AllocationsMax, func(i int) []metering.Tag { return []metering.Tag{{Key: "k", Value: fmt.Sprint(i)}} }, AllocationsMax},
		{"one more", AllocationsMax + 1, func(i int) []metering.Tag { return []metering.Tag{{Key: "k", Value: fmt.Sprint(i)}} }, AllocationsMax},
		{"the most tag keys", tagKeysMax, func(i int) []metering.Tag { return []metering.Tag{{Key: fmt.Sprint(i), Value: "v"}} }, tagKeysMax},
		{"one more key", tagKeysMax + 1, func(i int) []metering.Tag { return []metering.Tag{{Key: fmt.Sprint(i), Value: "v"}} }, tagKeysMax},
		{"more bytes than a request", 3000, func(i int) []metering.Tag {
			return []metering.Tag{{Key: strings.Repeat("k", 100), Value: fmt.Sprintf("%0256d", i)}, {Key: "l", Value: strings.Repeat(`"`, 256)}}
		}, 464},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := dues{per: 1}
			for i := range test.sets {
				d.shares = append(d.shares, share{canonical(test.tags(i)), int64(1 + i)})
			}
			got, err := d.settle()
			if err != nil {
				t.Fatal(err)
			}
			if len(got.taken) != test.taken || len(got.rest) != test.sets-test.taken {
				t.Fatalf("%d are taken and %d left, want %d taken", len(got.taken), len(got.rest), test.taken)
			}
			// The smallest are left.
			for _, s := range got.rest {
				if s.amount > int64(test.sets-test.taken) {
					t.Errorf("%d is left", s.amount)
				}
			}
			list, err := allocations(got.taken)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := json.Marshal(list); err != nil || len(text) > allocationBytesMax {
				t.Errorf("the allocations are %d bytes of JSON (%v)", len(text), err)
			}
			if refusal := metering.CheckTags(list); refusal != nil {
				t.Error(refusal)
			}
			if refusal := metering.CheckAllocations(got.quantity, list, AllocationsMax); refusal != nil {
				t.Error(refusal)
			}
		})
	}
}

// TestBillsAddUp: whatever is due, nothing is lost or made, and something is
// billed if anything can be.
func TestBillsAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		d := dues{per: 1 + rng.Int64N(3)*rng.Int64N(1000), credit: rng.Int64N(2) * rng.Int64N(1000), included: rng.Int64N(2) * rng.Int64N(1000)}
		for i := range rng.IntN(9) {
			d.shares = append(d.shares, share{set(fmt.Sprint("k", i), "v"), 1 + rng.Int64N(int64(1)<<rng.IntN(42))})
			if rng.IntN(4) == 0 {
				d.shares[i].amount = -d.shares[i].amount
			}
		}
		in := -d.credit
		for _, s := range d.shares {
			in += s.amount
		}
		got, err := d.settle()
		if err != nil {
			t.Fatal(err)
		}
		out, largest := got.quantity*d.per-got.credit+got.included, int64(0)
		sum := int64(0)
		for _, s := range got.taken {
			sum += s.amount
		}
		for _, s := range got.rest {
			out += s.amount
			largest = max(largest, s.amount)
		}
		if in != out || sum != got.quantity || got.quantity > QuantityMax || got.included > d.included || got.credit < 0 {
			t.Fatalf("%+v comes to %+v", d, got)
		}
		if got.quantity == 0 && largest >= d.per {
			t.Fatalf("%+v is not billed at all: %+v", d, got)
		}
		if got.credit > 0 && (got.quantity > 0 || len(got.rest) > 0) {
			t.Fatalf("%+v is billed with credit left: %+v", d, got)
		}
	}
}

// TestNothingIsCarriedForEver: with more tag keys than a record can hold in each
// hour, all of them come to their turn.
func TestNothingIsCarriedForEver(t *testing.T) {
	billed := map[tagSet]int64{}
	var rest []share
	const hours, keys = 100, 8
	for range hours {
		amounts := map[tagSet]int64{}
		for _, s := range rest {
			amounts[s.tags] += s.amount
		}
		d := dues{per: 1}
		for i := range keys {
			s := set(fmt.Sprint("k", i), "v")
			d.shares = append(d.shares, share{s, amounts[s] + int64(1+i)})
		}
		got, err := d.settle()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range got.taken {
			billed[s.tags] += s.amount
		}
		rest = got.rest
	}
	for i := range int64(keys) {
		told, got := hours*(1+i), billed[set(fmt.Sprint("k", i), "v")]
		if got < told-20*(1+i) {
			t.Errorf("of %d with tag %d only %d were billed in %d hours", told, i, got, hours)
		}
	}
}
