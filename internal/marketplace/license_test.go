package marketplace

import (
	"testing"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// TestNumbersAreDenseAndDistinct: who keeps something for each name in a slice
// must neither run out of it nor mix two names up.
func TestNumbersAreDenseAndDistinct(t *testing.T) {
	s := small()
	s.Sellers[0].Products[0].Dimensions = []Dimension{{Key: "users"}, {Key: "gb"}}
	s.Buyers = append(s.Buyers, Buyer{Account: "333344445555", Agreements: []Agreement{
		{Product: "prod-1", LicenseArn: "arn:l-2", Status: Active, Start: start},
		{Product: "prod-1", LicenseArn: "arn:l-3", Status: Ended, Start: start},
	}})
	m, err := NewMarket(s)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Number]string{}
	add := func(n Number, name string) {
		if other, ok := seen[n]; ok && other != name || int(n) >= m.Names() {
			t.Errorf("%s has the number %d of %d, as has %q", name, n, m.Names(), other)
		}
		seen[n] = name
	}
	for code, l := range m.products {
		add(l.Number, string(code))
		for d, n := range l.dimensions {
			add(n, string(code)+" "+string(d))
		}
	}
	for arn, l := range m.licenses {
		add(l.Number, string(arn))
		add(l.HolderNumber, string(l.Holder))
	}
	if len(seen) != m.Names() {
		t.Errorf("%d names have numbers up to %d", len(seen), m.Names())
	}
}

// TestABuyerWhoComesBack has two agreements on one product.
func TestABuyerWhoComesBack(t *testing.T) {
	const hour = time.Hour
	end := start.Add(24 * hour)
	s := small()
	s.Buyers[0].Agreements = []Agreement{
		{Product: "prod-1", LicenseArn: "old", Status: Ended, Start: start, End: end},
		{Product: "prod-1", LicenseArn: "new", Status: Active, Start: end.Add(hour / 2)},
	}
	m, err := NewMarket(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		ts, now time.Time
		want    metering.LicenseARN
	}{
		{"before the first ends", end.Add(-hour), end.Add(-1), "old"},
		{"usage of the first in its final hour", end.Add(-hour), end.Add(hour * 3 / 4), "old"},
		{"usage since the second began", end.Add(hour / 2), end.Add(hour * 2), "new"},
		{"usage of the first when it is too late", end.Add(-hour), end.Add(hour * 2), "new"},
	} {
		got := m.byAccount["222233334444"].licenseFor(m.Product("prod-1"), test.ts, test.now, hour)
		if got == nil || got.LicenseArn != test.want {
			t.Errorf("%s: %+v, want %s", test.name, got, test.want)
		}
	}
	if got := m.byAccount["222233334444"].licenseFor(new(Listing), start, start, hour); got != nil {
		t.Errorf("a licence for another product: %+v", got)
	}
}
