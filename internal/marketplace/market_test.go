package marketplace

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/metering"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// small is a marketplace with one seller and one buyer of one product.
func small() State {
	return State{
		Settings: DefaultSettings,
		Sellers: []Seller{{
			Account:     "111122223333",
			Credentials: []Credential{{AccessKeyID: "AKIDSELLER", User: "app"}},
			Products:    []Product{{Code: "prod-1", Kind: SaaS, Dimensions: []Dimension{{Key: "users"}}}},
		}},
		Buyers: []Buyer{{
			Account:            "222233334444",
			CustomerIdentifier: "cust-1",
			Agreements:         []Agreement{{Product: "prod-1", LicenseArn: "arn:l-1", Status: Active, Start: start}},
		}},
		Tokens: []Token{{Value: "tok", LicenseArn: "arn:l-1", Minted: start}},
	}
}

func TestAMarketRefusesToContradictItself(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*State)
		want  string
	}{
		{"nothing", func(*State) {}, ""},
		{"product twice", func(s *State) { s.Sellers = append(s.Sellers, Seller{Account: "1", Products: s.Sellers[0].Products}) }, `product "prod-1" is there twice`},
		{"account twice", func(s *State) { s.Buyers = append(s.Buyers, Buyer{Account: "222233334444"}) }, `buyer account "222233334444" is there twice`},
		{"customer twice", func(s *State) { s.Buyers = append(s.Buyers, Buyer{Account: "3", CustomerIdentifier: "cust-1"}) }, `customerIdentifier "cust-1" is there twice`},
		{"licence twice", func(s *State) {
			s.Buyers = append(s.Buyers, Buyer{Account: "3", Agreements: s.Buyers[0].Agreements})
		}, `licenseArn "arn:l-1" is there twice`},
		{"access key twice", func(s *State) { s.Buyers[0].Credentials = []Credential{{AccessKeyID: "AKIDSELLER"}} }, `accessKeyId "AKIDSELLER" is there twice`},
		{"anonymous twice", func(s *State) { s.Buyers[0].Credentials = []Credential{{Anonymous: true}, {Anonymous: true}} }, "second anonymous"},
		{"empty credential", func(s *State) { s.Buyers[0].Credentials = []Credential{{}} }, "credential 1 has no accessKeyId"},
		{"token twice", func(s *State) { s.Tokens = append(s.Tokens, s.Tokens[0]) }, `registration token "tok" is there twice`},
		{"token of a licence that is gone", func(s *State) { s.Tokens[0].LicenseArn = "arn:l-2" }, ""},
		{"agreement on no product", func(s *State) { s.Buyers[0].Agreements[0].Product = "prod-2" }, `product "prod-2", which no seller lists`},
		{"unknown profile", func(s *State) { s.Settings.Profile = "2019" }, `profile "2019" is unknown`},
		{"unknown switch", func(s *State) { s.Settings.Switches = map[string]string{"x": "1"} }, `switch "x" is unknown`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := small()
			test.spoil(&s)
			_, err := NewMarket(s)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("NewMarket: %v, want %q", err, test.want)
			}
		})
	}
}

func TestWithReplacesAndAdds(t *testing.T) {
	s := small()
	later := start.Add(time.Hour)
	got := s.With(State{
		Settings: Settings{Region: "eu-west-1", Profile: "2025"},
		Buyers:   []Buyer{{Account: "222233334444", CustomerIdentifier: "cust-9"}, {Account: "333344445555"}},
		Tokens:   []Token{{Value: "tok", LicenseArn: "arn:l-1", Minted: later}, {Value: "new", LicenseArn: "arn:l-1", Minted: later}},
	})
	want := small()
	want.Settings = Settings{Region: "eu-west-1", Profile: "2025"}
	want.Buyers = []Buyer{{Account: "222233334444", CustomerIdentifier: "cust-9"}, {Account: "333344445555"}}
	want.Tokens = append(want.Tokens, Token{Value: "new", LicenseArn: "arn:l-1", Minted: later})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("With:\n%s", diff)
	}
	if diff := cmp.Diff(small(), s); diff != "" {
		t.Errorf("With changed its receiver:\n%s", diff)
	}
}

func TestWhatIsNotNamedStays(t *testing.T) {
	s := small()
	s.Settings = Settings{Region: "eu-west-1", Profile: "2025", Switches: map[string]string{"finalHour": "2h"}}
	if diff := cmp.Diff(s, s.With(State{})); diff != "" {
		t.Errorf("With nothing:\n%s", diff)
	}
	named := s.With(State{Settings: Settings{Profile: "2020", Switches: map[string]string{}}}).Settings
	if named.Region != "eu-west-1" || named.Profile != "2020" || len(named.Switches) != 0 {
		t.Errorf("With a profile and no switches: %+v", named)
	}
}

func TestOnlyKeepsWhatIsNamed(t *testing.T) {
	s := small()
	s.Buyers = append(s.Buyers, Buyer{Account: "333344445555"})
	got := s.Only(State{Sellers: s.Sellers, Buyers: s.Buyers[1:]})
	if len(got.Sellers) != 1 || len(got.Buyers) != 1 || got.Buyers[0].Account != "333344445555" || len(got.Tokens) != 0 {
		t.Errorf("Only: %+v", got)
	}
	if len(s.Buyers) != 2 {
		t.Error("Only changed its receiver")
	}
}

func TestOrderDoesNotDependOnHistory(t *testing.T) {
	a, b := Buyer{Account: "1"}, Buyer{Account: "2"}
	one := State{Buyers: []Buyer{a}}.With(State{Buyers: []Buyer{b}})
	other := State{Buyers: []Buyer{b}}.With(State{Buyers: []Buyer{a}})
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("%s", diff)
	}
}

func TestAgreementsTakeUsage(t *testing.T) {
	end := start.Add(24 * time.Hour)
	tests := []struct {
		name string
		a    Agreement
		now  time.Time
		want bool
	}{
		{"active", Agreement{Status: Active, Start: start}, start, true},
		{"before its start", Agreement{Status: Active, Start: start}, start.Add(-1), false},
		{"pending", Agreement{Status: Pending, Start: start}, start, false},
		{"suspended", Agreement{Status: Suspended, Start: start}, start, false},
		{"at its end", Agreement{Status: Active, Start: start, End: end}, end, true},
		{"in the final hour", Agreement{Status: Ended, Start: start, End: end}, end.Add(time.Hour - 1), true},
		{"after the final hour", Agreement{Status: Ended, Start: start, End: end}, end.Add(time.Hour), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.a.TakesUsageAt(test.now, time.Hour); got != test.want {
				t.Errorf("TakesUsageAt = %v, want %v", got, test.want)
			}
		})
	}
	ended := Agreement{Status: Ended, Start: start, End: end}
	if ended.EntitledAt(end) || !ended.EntitledAt(end.Add(-1)) {
		t.Error("an entitlement has no final hour")
	}
}

func TestATokenOfALicenceThatIsGoneIsUnknown(t *testing.T) {
	s := small()
	s.Tokens[0].LicenseArn = "arn:l-2"
	m, err := NewMarket(s)
	if err != nil {
		t.Fatal(err)
	}
	if _, refusal := m.ResolveCustomer("111122223333", "us-east-1", "tok", start); refusal == nil || refusal.Rule != metering.RuleTokenUnknown {
		t.Errorf("it resolves: %v", refusal)
	}
}

func TestPublicKeys(t *testing.T) {
	none := Product{}
	if k, ok := none.PublicKey(1); !ok || k.Version != 1 {
		t.Error("a product without keys has version 1")
	}
	if _, ok := none.PublicKey(2); ok {
		t.Error("a product without keys has no version 2")
	}
	two := Product{PublicKeys: []PublicKey{{Version: 3}, {Version: 7}}}
	if k := two.NewestKey(); k.Version != 7 {
		t.Errorf("the newest key is %d, want 7", k.Version)
	}
	if _, ok := two.PublicKey(1); ok {
		t.Error("a product that lists its keys has no others")
	}
}
