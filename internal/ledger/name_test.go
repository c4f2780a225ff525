package ledger

import (
	"testing"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// TestNamesOutliveASnapshot: numbers of names change with the marketplace, and
// records must not be told under others' names then.
func TestNamesOutliveASnapshot(t *testing.T) {
	l, _ := openDemo(t)
	told := metering.Batch{Usages: []metering.Usage{
		{Timestamp: noon, Dimension: "users", Account: buyer, License: license, Quantity: 1},
	}}
	tell := func() RecordID {
		t.Helper()
		verdicts, err := l.BatchMeterUsage(t.Context(), l.callBy(t, "AKIDSELLER"), told)
		if err != nil || verdicts[0].Status != metering.Success {
			t.Fatalf("%+v, %v", verdicts, err)
		}
		return verdicts[0].ID
	}
	first := tell()
	if again := tell(); again != first {
		t.Errorf("told again it is %s, and was %s", again, first)
	}
	before := l.Market().License(license).Number
	more := demo()
	more.Sellers[0].Products = append([]marketplace.Product{{Code: "new", Kind: marketplace.SaaS, Dimensions: []marketplace.Dimension{{Key: "users"}, {Key: "gb"}}}}, more.Sellers[0].Products...)
	if _, err := l.Apply(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	if l.Market().License(license).Number == before {
		t.Fatal("the test needs a marketplace with other numbers")
	}
	if again := tell(); again != first {
		t.Errorf("told again with another marketplace it is %s, and was %s", again, first)
	}
	records := collect(t, l.Records(t.Context(), RecordFilter{}))
	if len(records) != 1 || records[0].License != license || records[0].Buyer != buyer || records[0].Dimension != "users" {
		t.Errorf("records %+v", records)
	}
}
