package outbox

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCustomersOfAName(t *testing.T) {
	o := newDisk().open(t, Config{})
	plain := Customer{Account: "222233334444"}
	first, second := plain, plain
	first.License, second.License = "arn:1", "arn:2"
	other := Customer{Identifier: "cust-1"}
	for i, c := range []Customer{second, other, plain, first} {
		event := Event{ID: EventID(rune('a' + i)), Key: Key{"prod", c, "users"}, Quantity: 1}
		if _, err := o.Add(context.Background(), []Event{event}, noon); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]Customer{
		"222233334444": {plain, first, second},
		"cust-1":       {other},
		"arn:1":        nil,
		"":             nil,
	} {
		if diff := cmp.Diff(want, o.Customers(name)); diff != "" {
			t.Errorf("%q: %s", name, diff)
		}
	}
}
