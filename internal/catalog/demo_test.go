package catalog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

func demoMarket(t *testing.T, at time.Time) *marketplace.Market {
	t.Helper()
	state, err := Demo(at)
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Tokens) > 0 {
		t.Errorf("the demo has the fixed tokens %v", state.Tokens)
	}
	market, err := marketplace.NewMarket(state)
	if err != nil {
		t.Fatal(err)
	}
	return market
}

// TestDemoBuyers asks the demo for a buyer in every state, whatever the time is.
func TestDemoBuyers(t *testing.T) {
	for _, at := range []time.Time{now, now.AddDate(30, 0, 0), time.Date(2000, 2, 29, 23, 59, 59, 999, time.UTC)} {
		market := demoMarket(t, at)
		seller := market.Sellers[0].Account
		for customer, want := range map[metering.CustomerID]metering.Status{
			"cust-active":    "",
			"cust-leaving":   "", // within the final hour
			"cust-pending":   metering.CustomerNotSubscribed,
			"cust-ended":     metering.CustomerNotSubscribed,
			"cust-suspended": metering.CustomerNotSubscribed,
			"cust-future":    metering.CustomerNotSubscribed,
			"cust-none":      metering.CustomerNotSubscribed,
		} {
			usage := metering.Usage{Timestamp: at, Dimension: "users", Customer: customer, Quantity: 1}
			metered, refusal := market.MeterBatch(nil, seller, "us-east-1", metering.Batch{Product: "demo-saas", Usages: []metering.Usage{usage}}, at)
			if refusal != nil || metered[0].Status != want {
				t.Errorf("at %s, %s: %v %v, want %q", at, customer, metered, refusal, want)
			}
		}
	}
}

// TestDemoLeaving: the buyer who left can still be metered for half an hour.
func TestDemoLeaving(t *testing.T) {
	market := demoMarket(t, now)
	for _, b := range market.Buyers {
		if b.CustomerIdentifier != "cust-leaving" {
			continue
		}
		a := b.Agreements[0]
		if got := now.Sub(a.End); got != 30*time.Minute {
			t.Errorf("the agreement ended %s ago", got)
		}
		if final := market.Profile.FinalHour; !a.TakesUsageAt(now.Add(29*time.Minute), final) || a.TakesUsageAt(now.Add(30*time.Minute), final) {
			t.Error("the final hour does not end in 30 minutes")
		}
	}
}

func TestDemoProducts(t *testing.T) {
	market := demoMarket(t, now)
	for code, want := range map[metering.ProductCode]struct {
		kind       marketplace.Kind
		mode       marketplace.Mode
		dimensions []metering.Dimension
	}{
		"demo-saas":       {marketplace.SaaS, marketplace.Legacy, []metering.Dimension{"users", "gb"}},
		"demo-concurrent": {marketplace.SaaS, marketplace.Concurrent, []metering.Dimension{"users", "gb"}},
		"demo-container":  {marketplace.Container, "", []metering.Dimension{"requests"}},
		"demo-ami":        {marketplace.AMI, "", []metering.Dimension{"requests"}},
	} {
		p := market.Product(code)
		if p == nil || p.Kind != want.kind || p.Mode != want.mode {
			t.Errorf("product %s is %+v", code, p)
			continue
		}
		for _, d := range want.dimensions {
			if !slices.ContainsFunc(p.Dimensions, func(x marketplace.Dimension) bool { return x.Key == d }) {
				t.Errorf("product %s has no dimension %s", code, d)
			}
		}
	}
	if b := market.Buyer("999900001111"); len(b.Agreements) != 2 || b.Agreements[0].Product != "demo-concurrent" || b.Agreements[1].Product != "demo-concurrent" {
		t.Errorf("no two agreements on demo-concurrent: %+v", b)
	}
}

// TestDemoPlatforms meters a product from every platform.
func TestDemoPlatforms(t *testing.T) {
	market := demoMarket(t, now)
	var seen []marketplace.Platform
	for _, c := range market.Buyers[0].Credentials {
		caller, ok := market.ByAccessKey(c.AccessKeyID)
		if !ok {
			t.Fatalf("no credential %s", c.AccessKeyID)
		}
		product := metering.ProductCode("demo-container")
		if c.Platform == marketplace.EC2 {
			product = "demo-ami"
		}
		usage := metering.MeterUsage{Product: product, Timestamp: now, Dimension: "requests", ClientToken: "t"}
		if admission, refusal := market.MeterUsage(caller, "us-east-1", usage, now); refusal != nil || !admission.Entitled {
			t.Errorf("%s: %+v %v", c.Platform, admission, refusal)
		}
		seen = append(seen, c.Platform)
	}
	for _, p := range marketplace.Platforms {
		if !slices.Contains(seen, p) {
			t.Errorf("no credential for %s", p)
		}
	}
	if _, ok := market.ByAPIKey("meterd-demo-api-key"); !ok {
		t.Error("no credential for clients that cannot sign")
	}
}

// TestDemoIsFake: nobody should take a credential of the demo for a real one,
// nor a scanner.
func TestDemoIsFake(t *testing.T) {
	state, err := Demo(now)
	if err != nil {
		t.Fatal(err)
	}
	credentials := slices.Concat(state.Sellers[0].Credentials, state.Buyers[0].Credentials)
	for _, c := range credentials {
		if !strings.Contains(c.AccessKeyID+c.APIKey, "DEMO") && !strings.Contains(c.APIKey, "demo") {
			t.Errorf("credential %s%s does not look fake", c.AccessKeyID, c.APIKey)
		}
		if c.APIKey == "" && !strings.HasPrefix(c.SecretAccessKey, "meterd-demo-secret-") {
			t.Errorf("the secret of %s does not look fake", c.AccessKeyID)
		}
	}
}
