package catalog

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/mistake"
)

func TestRoundTrip(t *testing.T) {
	demo, err := Demo(now)
	if err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string]marketplace.State{
		"design": designState(),
		"demo":   demo,
		"full":   fullState(),
		"empty":  {Settings: marketplace.Settings{Region: "us-east-1", Profile: "2020"}},
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, state) })
	}
}

// roundTrip also reads at another time than the state was made at: an export
// leaves nothing to the moment.
func roundTrip(t *testing.T, state marketplace.State) {
	t.Helper()
	source, err := Format(state)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(source, Options{Now: now.Add(time.Hour)})
	if err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	if diff := cmp.Diff(state, got); diff != "" {
		t.Errorf("state (-want +got):\n%s\nfrom\n%s", diff, source)
	}
}

// awkward texts mean something to YAML, or are hard to write in it.
var awkward = []string{
	"", " ", "~", "null", "yes", "No", "0x10", "012", "1_0", ".5", "-", "- a", "a: b", "a #b", "#", "*a", "&a", "!a", "|", ">", "%", "@", "`",
	"{", "}", "[a]", ",", "'", `"`, `\`, "\t", "a\t", "\n", "a\n", "\r", "a\r\nb", "\x00", "\x1b", "\u00a0", "\ufeff", "---", "...", "<<", "=", "?", "2026-01-01",
}

// fullState has every field, and texts that YAML has ideas about.
func fullState() marketplace.State {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC)
	credential := marketplace.Credential{
		AccessKeyID: "AKID_1", SecretAccessKey: `a"b\c: #d`, SessionToken: "tok en", ExpiresAt: at,
		Role: "r+=,.@-", Session: "s", Platform: marketplace.EC2, Resource: "arn:aws:ec2:us-east-1:111122223333:instance/i-1", Region: "us-east-1",
		Allow: []string{"*", "aws-marketplace:*"}, Deny: []string{"a:b?"},
	}
	var dimensions []marketplace.Dimension
	for _, text := range awkward {
		dimensions = append(dimensions, marketplace.Dimension{Key: metering.Dimension("k" + text), Unit: text, Price: "1.0"})
	}
	product := marketplace.Product{
		Code: "/=:_.@-", Title: "- a\n- b\t", Kind: marketplace.SaaS, Mode: marketplace.Concurrent, Dimensions: dimensions,
		RegistrationURL: "https://example.com/?a=b#c", Regions: []metering.Region{"eu-west-1", "us-east-1"},
		PublicKeys: []marketplace.PublicKey{{Version: 1, PrivateKey: string(keyFiles()["pkcs8.pem"]), RotatedAt: at}, {Version: 3}},
	}
	agreement := marketplace.Agreement{Product: product.Code, Offer: "offer: 1", LicenseArn: "arn:aws:l:::1", Status: marketplace.Ended, Start: at, End: at.Add(1), FreeTrial: true}
	second := marketplace.Agreement{Product: product.Code, LicenseArn: "arn:aws:l:::2", Status: marketplace.Suspended, Start: at}
	return marketplace.State{
		Settings: marketplace.Settings{Region: "cn-north-1", Profile: "2025", Switches: map[string]string{"monthEnd": "0s", "ageByHour": "true"}},
		Sellers: []marketplace.Seller{
			{Account: "111122223333", Credentials: []marketplace.Credential{credential, {APIKey: "true", Allow: []string{}}, {Anonymous: true, User: "null"}}, Products: []marketplace.Product{product}},
			{Account: "000000000000"},
		},
		Buyers: []marketplace.Buyer{{Account: "111122223333", CustomerIdentifier: "é\u0085\u2028😀\x00", Agreements: []marketplace.Agreement{agreement, second}}},
		Tokens: []marketplace.Token{{Value: "\x7f\r", LicenseArn: "arn:aws:l:::1", Minted: at}, {Value: "~", LicenseArn: "arn:aws:l:::2", Minted: at}},
	}
}

// TestExportOfContradictions: what NewMarket refuses, no catalog can say
// without a mistake that has a line. Format reads what it wrote, and so refuses
// the same states.
func TestExportOfContradictions(t *testing.T) {
	double := func(change func(*marketplace.State)) marketplace.State {
		s := fullState()
		change(&s)
		return s
	}
	for name, state := range map[string]marketplace.State{
		"profile": double(func(s *marketplace.State) { s.Settings.Profile = "1999" }),
		"switch":  double(func(s *marketplace.State) { s.Settings.Switches["no"] = "1" }),
		"value":   double(func(s *marketplace.State) { s.Settings.Switches["monthEnd"] = "soon" }),
		"product": double(func(s *marketplace.State) { s.Sellers[1].Products = s.Sellers[0].Products }),
		"buyer":   double(func(s *marketplace.State) { s.Buyers = append(s.Buyers, marketplace.Buyer{Account: "111122223333"}) }),
		"customer": double(func(s *marketplace.State) {
			s.Buyers = append(s.Buyers, marketplace.Buyer{Account: "222233334444", CustomerIdentifier: s.Buyers[0].CustomerIdentifier})
		}),
		"unlisted":    double(func(s *marketplace.State) { s.Buyers[0].Agreements[1].Product = "none" }),
		"licence":     double(func(s *marketplace.State) { s.Buyers[0].Agreements[1].LicenseArn, s.Tokens = "arn:aws:l:::1", nil }),
		"token":       double(func(s *marketplace.State) { s.Tokens[1].Value = s.Tokens[0].Value }),
		"accessKeyId": double(func(s *marketplace.State) { s.Buyers[0].Credentials = s.Sellers[0].Credentials[:1] }),
		"apiKey":      double(func(s *marketplace.State) { s.Buyers[0].Credentials = s.Sellers[0].Credentials[1:2] }),
		"anonymous":   double(func(s *marketplace.State) { s.Buyers[0].Credentials = s.Sellers[0].Credentials[2:] }),
		"no proof":    double(func(s *marketplace.State) { s.Buyers[0].Credentials = []marketplace.Credential{{User: "me"}} }),
	} {
		if _, err := marketplace.NewMarket(state); err == nil {
			t.Errorf("%s: NewMarket takes it", name)
		}
		_, err := Format(state)
		var found *mistake.List
		if !errors.As(err, &found) || len(found.Mistakes) == 0 || found.Mistakes[0].Line < 2 {
			t.Errorf("%s: Format says %v", name, err)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	s := fullState()
	s.Tokens[0].LicenseArn = "arn:aws:l:::none"
	if _, err := Format(s); err == nil || !strings.Contains(err.Error(), "arn:aws:l:::none, which no agreement has") {
		t.Errorf("a token without agreement: %v", err)
	}
	s = fullState()
	s.Sellers[0].Products[0].Title = "\xff"
	if _, err := Format(s); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
		t.Errorf("text that is not UTF-8: %v", err)
	}
}

// TestExportOfNothing: a marketplace without anything, which a new service has,
// is still a catalog.
func TestExportOfNothing(t *testing.T) {
	source, err := Format(marketplace.State{})
	if err != nil {
		t.Fatal(err)
	}
	state, err := Parse(source, Options{})
	if diff := cmp.Diff(marketplace.State{}, state); err != nil || diff != "" {
		t.Errorf("%v, state (-first +second):\n%s", err, diff)
	}
}

// TestExportIsReadable holds the looks of an export.
func TestExportIsReadable(t *testing.T) {
	state := designState()
	state.Sellers[0].Products[0].PublicKeys = nil
	state.Settings.Switches = map[string]string{"finalHour": "2h", "ageByHour": "true"}
	got, err := Format(state)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/export.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("export (-want +got):\n%s", diff)
	}
}
