package outbox

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

func TestRefusedEvents(t *testing.T) {
	long := strings.Repeat("x", NameBytesMax)
	tests := []struct {
		name   string
		change func(*Event)
		want   Reason // "" is accepted
	}{
		{"as it is", func(*Event) {}, ""},
		{"no id", func(e *Event) { e.ID = "" }, ReasonID},
		{"longest id", func(e *Event) { e.ID = EventID(long[:EventIDBytesMax]) }, ""},
		{"id too long", func(e *Event) { e.ID = EventID(long[:EventIDBytesMax+1]) }, ReasonID},
		{"id of any bytes", func(e *Event) { e.ID = "\xff\x00" }, ""},
		{"no product", func(e *Event) { e.Product = "" }, ReasonName},
		{"no dimension", func(e *Event) { e.Dimension = "" }, ReasonName},
		{"no customer", func(e *Event) { e.Customer = Customer{} }, ReasonCustomer},
		{"licence alone", func(e *Event) { e.Customer = Customer{License: "arn"} }, ReasonCustomer},
		{"identifier", func(e *Event) { e.Customer = Customer{Identifier: "cust-1"} }, ""},
		{"account with licence", func(e *Event) { e.Customer.License = "arn" }, ""},
		{"identifier and account", func(e *Event) { e.Customer.Identifier = "cust-1" }, ReasonCustomer},
		{"identifier and licence", func(e *Event) { e.Customer = Customer{Identifier: "cust-1", License: "arn"} }, ReasonCustomer},
		{"longest name", func(e *Event) { e.Dimension = metering.Dimension(long) }, ""},
		{"name too long", func(e *Event) { e.Dimension = metering.Dimension(long + "x") }, ReasonName},
		{"licence too long", func(e *Event) { e.Customer.License = metering.LicenseARN(long + "x") }, ReasonName},
		{"name not of UTF-8", func(e *Event) { e.Product = "\xff" }, ReasonName},
		{"largest quantity", func(e *Event) { e.Quantity = EventQuantityMax }, ""},
		{"quantity too large", func(e *Event) { e.Quantity = EventQuantityMax + 1 }, ReasonQuantity},
		{"smallest quantity", func(e *Event) { e.Quantity = -EventQuantityMax }, ""},
		{"quantity too small", func(e *Event) { e.Quantity = -EventQuantityMax - 1 }, ReasonQuantity},
		{"tags", func(e *Event) { e.Tags = []metering.Tag{{Key: "team", Value: "a"}} }, ""},
		{"empty tag", func(e *Event) { e.Tags = []metering.Tag{{Key: "", Value: "a"}} }, ReasonTags},
		{"tag key twice", func(e *Event) { e.Tags = []metering.Tag{{Key: "k", Value: "a"}, {Key: "k", Value: "b"}} }, ReasonTags},
		{"as old as ids", func(e *Event) { e.Time = noon.Add(-DefaultRemember) }, ""},
		{"older than ids", func(e *Event) { e.Time = noon.Add(-DefaultRemember - 1) }, ReasonTooOld},
		{"of the year 1", func(e *Event) { e.Time = time.Time{}.Add(1) }, ReasonTooOld},
		{"5 minutes ahead", func(e *Event) { e.Time = noon.Add(5 * time.Minute) }, ""},
		{"more than 5 minutes ahead", func(e *Event) { e.Time = noon.Add(5*time.Minute + 1) }, ReasonInFuture},
		{"no time", func(e *Event) { e.Time = time.Time{} }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newDisk().open(t, Config{})
			good := event("e1", 5, noon)
			e := good
			test.change(&e)
			answers, err := o.Add(context.Background(), []Event{e}, noon)
			if err != nil {
				t.Fatal(err)
			}
			got := answers[0]
			if got.Reason != test.want || (got.Outcome == Refused) != (test.want != "") || (got.Detail != "") != (test.want != "") {
				t.Fatalf("got %+v, want %q", got, test.want)
			}
			if test.want == "" {
				sound(t, o)
				return
			}
			if totals := sound(t, o); totals != (Totals{}) {
				t.Errorf("a refused event left %+v", totals)
			}
			// A refused event has not claimed its id.
			add(t, o, noon, Accepted, good)
		})
	}
}

func TestOutcomeNames(t *testing.T) {
	for o, want := range map[Outcome]string{Accepted: "accepted", Known: "known", Refused: "refused", 0: "Outcome(0)"} {
		if got := o.String(); got != want {
			t.Errorf("%d is called %q, want %q", o, got, want)
		}
	}
}

func TestRecordIDs(t *testing.T) {
	id := RecordID{498706, 12}
	if got, err := ParseRecordID(id.String()); err != nil || got != id || id.String() != "498706-12" {
		t.Errorf("%s is read as %v (%v)", id, got, err)
	}
	for _, text := range []string{"", "1", "1-", "-1", "1-2 ", " 1-2", "1-2x", "01-2", "1--2", "4294967296-1", "1-4294967296", "a-b"} {
		if id, err := ParseRecordID(text); err == nil {
			t.Errorf("%q is read as %v", text, id)
		}
	}
}
