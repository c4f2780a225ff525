package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/intake"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

func parsed(t *testing.T) *Plan {
	t.Helper()
	p, err := Parse([]byte(whole), "agent.yaml", secrets)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestResolve(t *testing.T) {
	p := parsed(t)
	for name, test := range map[string]struct {
		told intake.Event
		want outbox.Event
	}{
		"as it is": {
			intake.Event{ID: "1", Product: "prod-old", Customer: "c", Dimension: "any", Quantity: -3},
			outbox.Event{ID: "1", Key: outbox.Key{Product: "prod-old", Customer: outbox.Customer{Identifier: "c"}, Dimension: "any"}, Quantity: -3},
		},
		"12 digits are an account": {
			intake.Event{ID: "1", Product: "prod-abc123", Customer: "222233334444", License: "arn:l", Dimension: "users", Quantity: 1},
			outbox.Event{ID: "1", Key: outbox.Key{Product: "prod-abc123", Customer: outbox.Customer{Account: "222233334444", License: "arn:l"}, Dimension: "users"}, Quantity: 1},
		},
		"converted": {
			intake.Event{ID: "1", Product: "prod-abc123", Identifier: "222233334444", Dimension: "mb", Quantity: 3},
			outbox.Event{ID: "1", Key: outbox.Key{Product: "prod-abc123", Customer: outbox.Customer{Identifier: "222233334444"}, Dimension: "gb"}, Quantity: 3 << 20},
		},
	} {
		got, refusal := p.Resolve(&test.told)
		if refusal != nil {
			t.Errorf("%s: %+v", name, refusal)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got): %s", name, diff)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	p := parsed(t)
	for name, test := range map[string]struct {
		told   intake.Event
		reason outbox.Reason
		detail string
	}{
		"a problem":        {intake.Event{Problem: "odd"}, ReasonMalformed, "odd"},
		"no product":       {intake.Event{}, ReasonProduct, "meters prod-abc123, prod-old"},
		"another product":  {intake.Event{Product: "x"}, ReasonProduct, `Product "x" is not`},
		"do not meter":     {intake.Event{Product: "prod-old", Customer: "cust-test"}, ReasonDoNotMeter, "not to meter cust-test"},
		"nor by account":   {intake.Event{Product: "prod-old", Account: "000011112222"}, ReasonDoNotMeter, "000011112222"},
		"no such metric":   {intake.Event{Product: "prod-abc123", Customer: "c", Dimension: "gb"}, ReasonDimension, "it has users, bytes, mb"},
		"more than a sum":  {intake.Event{Product: "prod-abc123", Customer: "c", Dimension: "mb", Quantity: 1<<20 + 1}, outbox.ReasonQuantity, "up to 1048576"},
		"less than a sum":  {intake.Event{Product: "prod-abc123", Customer: "c", Dimension: "mb", Quantity: -1<<20 - 1}, outbox.ReasonQuantity, "up to 1048576"},
		"beyond all bound": {intake.Event{Product: "prod-abc123", Customer: "c", Dimension: "mb", Quantity: -1 << 63}, outbox.ReasonQuantity, "out of range"},
	} {
		_, refusal := p.Resolve(&test.told)
		if refusal == nil || refusal.Reason != test.reason || !strings.Contains(refusal.Detail, test.detail) {
			t.Errorf("%s: %+v", name, refusal)
		}
	}
}

func TestTheOnlyProductNeedNotBeNamed(t *testing.T) {
	p := ForProduct("p", "")
	got, refusal := p.Resolve(&intake.Event{ID: "1", Customer: "c", Dimension: "d"})
	if refusal != nil || got.Product != "p" {
		t.Errorf("%+v, %+v", got, refusal)
	}
}

func TestTerms(t *testing.T) {
	p := parsed(t)
	for dimension, want := range map[metering.Dimension]outbox.Terms{
		"users": {Per: 1},
		"gb":    {Per: 1 << 30, Included: 10 << 30},
		"other": {},
	} {
		if got := p.Terms(outbox.Key{Product: "prod-abc123", Dimension: dimension}); got != want {
			t.Errorf("%s: %+v, want %+v", dimension, got, want)
		}
	}
	if got := p.Terms(outbox.Key{Product: "prod-gone", Dimension: "gb"}); got != (outbox.Terms{}) {
		t.Errorf("a product that is not in the plan: %+v", got)
	}
}

// TestRatios looks at how metrics come together without rounding: a quantity
// times factor, divided by per, is the billed quantity.
func TestRatios(t *testing.T) {
	for name, test := range map[string]struct {
		ratios  []ratio
		per     int64
		factors []int64
	}{
		"one to one":     {[]ratio{{"a", 1, 1}}, 1, []int64{1}},
		"divide":         {[]ratio{{"seconds", 1, 3600}}, 3600, []int64{1}},
		"multiply":       {[]ratio{{"dozens", 12, 1}}, 1, []int64{12}},
		"both":           {[]ratio{{"a", 3, 2}}, 2, []int64{3}},
		"reduced":        {[]ratio{{"a", 6, 4}}, 2, []int64{3}},
		"two units":      {[]ratio{{"gb", 1, 1}, {"mb", 1, 1024}}, 1024, []int64{1024, 1}},
		"prime to other": {[]ratio{{"a", 1, 2}, {"b", 1, 3}}, 6, []int64{3, 2}},
	} {
		d := Dimension{Per: 1}
		if !d.take(test.ratios) {
			t.Fatalf("%s: refused", name)
		}
		if d.Per != test.per {
			t.Errorf("%s: %d per unit, want %d", name, d.Per, test.per)
		}
		for i, m := range d.Metrics {
			if m.Factor != test.factors[i] {
				t.Errorf("%s: one %s counts %d, want %d", name, m.Name, m.Factor, test.factors[i])
			}
		}
	}
}
