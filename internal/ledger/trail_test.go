package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// TestTheTrailHasWhatWasSent: whatever of a record is left to its fact, the
// trail reads as the batch was sent, also where a profile left members unread.
func TestTheTrailHasWhatWasSent(t *testing.T) {
	red := []metering.Allocation{{Quantity: 7, Tags: []metering.Tag{{Key: "team", Value: "red"}}}}
	for _, test := range []struct {
		profile string
		product metering.ProductCode
		usages  []metering.Usage
	}{
		{"2026-09", "", []metering.Usage{
			{Timestamp: noon, Dimension: "users", Account: buyer, License: license, Quantity: 7, Allocations: red},
		}},
		{"2026-09", "saas", []metering.Usage{
			{Timestamp: noon, Dimension: "users", Customer: "cust-1", Quantity: 7},
			{Timestamp: noon, Dimension: "users", Account: "999999999999", Quantity: 7, Allocations: red}, // no buyer
			{Timestamp: noon, Dimension: "users", Account: buyer, Quantity: 8},
			{Timestamp: noon, Dimension: "users", Account: buyer, License: license},
		}},
		{"2025", "saas", []metering.Usage{
			{Timestamp: noon, Dimension: "users", Account: buyer, License: "unread", Quantity: 7},
		}},
		{"2020", "saas", []metering.Usage{
			{Timestamp: noon, Dimension: "users", Customer: "cust-1", Account: "unread", Quantity: 7},
		}},
		{"2026-09", "saas", []metering.Usage{
			{Timestamp: noon, Dimension: "users", Customer: "cust-1", Quantity: 7},
			{Timestamp: noon, Dimension: "refused", Account: buyer},
		}},
	} {
		l, s := openDemo(t)
		if _, err := l.Apply(t.Context(), marketplace.State{Settings: marketplace.Settings{Profile: test.profile}}); err != nil {
			t.Fatal(err)
		}
		b := metering.Batch{Product: test.product, Usages: test.usages}
		verdicts, err := l.BatchMeterUsage(t.Context(), l.callBy(t, "AKIDSELLER"), b)
		calls := collect(t, s.ScanCalls(t.Context(), 0))
		entry, failed := l.Entry(t.Context(), calls[len(calls)-1])
		if failed != nil {
			t.Fatal(failed)
		}
		want := &audit.Batch{ProductCode: string(test.product)}
		for i, u := range test.usages {
			r := audit.Record{
				Timestamp: u.Timestamp.UnixMilli(), Dimension: string(u.Dimension), Customer: string(u.Customer),
				Account: string(u.Account), License: string(u.License),
				Quantity: u.Quantity, Allocations: metering.AppendCanonical(nil, u.Allocations),
			}
			if err == nil && verdicts[i].Status == metering.CustomerNotSubscribed {
				r.Status = string(metering.CustomerNotSubscribed)
			}
			want.Records = append(want.Records, r)
		}
		if diff := cmp.Diff(want, entry.Batch); diff != "" {
			t.Errorf("profile %s, %v (-want +got):\n%s", test.profile, err, diff)
		}
	}
}

// TestAnEntryWithoutItsFactsIsAnError: nothing is made up.
func TestAnEntryWithoutItsFactsIsAnError(t *testing.T) {
	l, s := openDemo(t)
	if _, err := l.BatchMeterUsage(t.Context(), l.callBy(t, "AKIDSELLER"), batch(7)); err != nil {
		t.Fatal(err)
	}
	call := collect(t, s.ScanCalls(t.Context(), 0))[0]
	for name, spoil := range map[string]func(*store.Call){
		"no facts":  func(c *store.Call) { c.Facts = nil },
		"no names":  func(c *store.Call) { c.Facts = []store.Fact{{Key: store.Key{Kind: store.UsageByProduct}}} },
		"cut entry": func(c *store.Call) { c.Entry = c.Entry[:len(c.Entry)-1] },
	} {
		c := call
		spoil(&c)
		if e, err := l.Entry(t.Context(), c); err == nil {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
