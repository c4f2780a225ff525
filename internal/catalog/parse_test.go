package catalog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// TestDesignSample holds the format to the sample that it was fixed by.
func TestDesignSample(t *testing.T) {
	source, err := os.ReadFile("testdata/design.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(source, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(designState(), got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func designState() marketplace.State {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seller := marketplace.Seller{
		Account: "111122223333",
		Credentials: []marketplace.Credential{
			{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", User: "metering-app", Allow: []string{"aws-marketplace:*", "cloudtrail:LookupEvents"}},
			{APIKey: "YOUR API KEY", User: "openapi-client", Allow: []string{"aws-marketplace:*"}},
		},
		Products: []marketplace.Product{{
			Code: "prod-abc123", Title: "Example Analytics", Kind: marketplace.SaaS, Mode: marketplace.Legacy,
			Dimensions:      []marketplace.Dimension{{Key: "users", Unit: "Users", Price: "0.10"}, {Key: "gb", Unit: "GB", Price: "0.02"}},
			RegistrationURL: "http://127.0.0.1:3000/register",
			PublicKeys:      []marketplace.PublicKey{{Version: 1, PrivateKey: string(keyFiles()["key.pem"])}},
		}},
	}
	first := marketplace.Buyer{
		Account: "222233334444", CustomerIdentifier: "cust-1",
		Credentials: []marketplace.Credential{{AccessKeyID: "AKIDTASK", SecretAccessKey: "secret", Platform: marketplace.ECS, Resource: "arn:aws:ecs:us-east-1:222233334444:task/demo/1"}},
		Agreements:  []marketplace.Agreement{{Product: "prod-abc123", Status: marketplace.Active, Start: start, LicenseArn: "arn:aws:license-manager::111122223333:license:l-0001"}},
	}
	second := marketplace.Buyer{
		Account: "333344445555", CustomerIdentifier: "cust-2",
		// The sum is that of "prod-abc123\n333344445555\n0".
		Agreements: []marketplace.Agreement{{Product: "prod-abc123", Status: marketplace.Active, Start: start, LicenseArn: "arn:aws:license-manager::111122223333:license:l-c35ba475696d5b6054f8716547ebeabf"}},
	}
	return marketplace.State{
		Settings: marketplace.Settings{Region: "us-east-1", Profile: "2026-09"},
		Sellers:  []marketplace.Seller{seller},
		Buyers:   []marketplace.Buyer{first, second},
		Tokens:   []marketplace.Token{{Value: "tok+/=abc", LicenseArn: "arn:aws:license-manager::111122223333:license:l-0001", Minted: now}},
	}
}

// TestSettingsThatAreNotNamed are left to whoever applies the catalog.
func TestSettingsThatAreNotNamed(t *testing.T) {
	got := parsed(t, "buyers: []\n")
	want := marketplace.State{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

// TestTextOfNumbers: YAML would read some texts as numbers and lose digits.
func TestTextOfNumbers(t *testing.T) {
	got := parsed(t, `
profile: 2025
switches: {allocationsMax: 0500, ageByHour: true, finalHour: 1h30m}
sellers:
  - account: 012345678901
    products:
      - {code: 0x1F, kind: saas, title: 1.50, dimensions: [{key: 007, unit: 1e3, price: 0.10}]}
buyers:
  - {account: 000000000000, customerIdentifier: 1_000}
`)
	want := marketplace.State{
		Settings: marketplace.Settings{Profile: "2025", Switches: map[string]string{"allocationsMax": "0500", "ageByHour": "true", "finalHour": "1h30m"}},
		Sellers: []marketplace.Seller{{Account: "012345678901", Products: []marketplace.Product{{
			Code: "0x1F", Kind: marketplace.SaaS, Mode: marketplace.Legacy, Title: "1.50",
			Dimensions: []marketplace.Dimension{{Key: "007", Unit: "1e3", Price: "0.10"}},
		}}}},
		Buyers: []marketplace.Buyer{{Account: "000000000000", CustomerIdentifier: "1_000"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestModeByKind(t *testing.T) {
	got := parsed(t, `
sellers:
  - account: "111122223333"
    products:
      - {code: a, kind: saas}
      - {code: b, kind: saas, mode: concurrent}
      - {code: c, kind: container}
      - {code: d, kind: ami}
`)
	want := []marketplace.Mode{marketplace.Legacy, marketplace.Concurrent, "", ""}
	for i, p := range got.Sellers[0].Products {
		if p.Mode != want[i] {
			t.Errorf("product %s has mode %q, want %q", p.Code, p.Mode, want[i])
		}
	}
}

// TestAllowOfNothing: an empty list is not the same as none, which allows all
// of aws-marketplace.
func TestAllowOfNothing(t *testing.T) {
	got := parsed(t, `
sellers:
  - account: "111122223333"
    credentials:
      - {apiKey: a}
      - {apiKey: b, allow: []}
      - {apiKey: c, allow: ["*"], deny: ["aws-marketplace:Meter?sage"]}
`)
	want := []marketplace.Credential{
		{APIKey: "a"},
		{APIKey: "b", Allow: []string{}},
		{APIKey: "c", Allow: []string{"*"}, Deny: []string{"aws-marketplace:Meter?sage"}},
	}
	if diff := cmp.Diff(want, got.Sellers[0].Credentials); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
}

func TestPrincipals(t *testing.T) {
	got := parsed(t, `
sellers:
  - account: "111122223333"
    credentials:
      - {accessKeyId: A, secretAccessKey: s, sessionToken: t, expiresAt: "2026-01-01T01:00:00.5+01:00", role: admin, session: me}
      - {anonymous: true, user: nobody}
      - {apiKey: k, anonymous: false, platform: eks, resource: "arn:aws:eks::111122223333:pod/1", region: eu-west-1, role: r, session: s}
`)
	want := []marketplace.Credential{
		{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t", ExpiresAt: time.Date(2026, 1, 1, 0, 0, 0, 5e8, time.UTC), Role: "admin", Session: "me"},
		{Anonymous: true, User: "nobody"},
		{APIKey: "k", Platform: marketplace.EKS, Resource: "arn:aws:eks::111122223333:pod/1", Region: "eu-west-1", Role: "r", Session: "s"},
	}
	if diff := cmp.Diff(want, got.Sellers[0].Credentials); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
}

// TestDerivedLicenses: they are the same at every reading, differ from one
// another, and stay when agreements are appended or the file is reordered.
func TestDerivedLicenses(t *testing.T) {
	const sellers = "sellers: [{account: \"111122223333\", products: [{code: a, kind: saas}, {code: b, kind: saas}]}]\n"
	const buyers = `
buyers:
  - account: "222233334444"
    agreements:
      - {product: a, status: active, start: 2026-01-01T00:00:00Z}
      - {product: a, status: active, start: 2026-01-01T00:00:00Z}
      - {product: b, status: active, start: 2026-01-01T00:00:00Z}
`
	const another = "      - {product: a, status: active, start: 2026-01-01T00:00:00Z}\n"
	seen := map[metering.LicenseARN]bool{}
	first := parsed(t, sellers+buyers).Buyers[0].Agreements
	for i, a := range parsed(t, buyers+another+sellers).Buyers[0].Agreements {
		if i < len(first) && a.LicenseArn != first[i].LicenseArn {
			t.Errorf("agreement %d has licence %s, then %s", i, first[i].LicenseArn, a.LicenseArn)
		}
		if seen[a.LicenseArn] {
			t.Errorf("licence %s is there twice", a.LicenseArn)
		}
		seen[a.LicenseArn] = true
	}
}

func TestTokens(t *testing.T) {
	got := parsed(t, `
sellers: [{account: "111122223333", products: [{code: a, kind: saas}]}]
buyers:
  - account: "222233334444"
    agreements:
      - product: a
        status: pending
        start: 2026-01-01T00:00:00Z
        licenseArn: "arn:aws:license-manager::111122223333:license:l-1"
        tokens:
          - tok+/=
          - {value: 0123, mintedAt: 2026-01-02T00:00:00Z}
`)
	want := []marketplace.Token{
		{Value: "tok+/=", LicenseArn: "arn:aws:license-manager::111122223333:license:l-1", Minted: now},
		{Value: "0123", LicenseArn: "arn:aws:license-manager::111122223333:license:l-1", Minted: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
	}
	if diff := cmp.Diff(want, got.Tokens); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestAliases(t *testing.T) {
	got := parsed(t, `
region: &home us-west-2
sellers:
  - account: "111122223333"
    products:
      - {code: a, kind: saas, regions: [*home], dimensions: &dimensions [{key: users}]}
      - {code: b, kind: saas, dimensions: *dimensions}
`)
	a, b := got.Sellers[0].Products[0], got.Sellers[0].Products[1]
	if diff := cmp.Diff(a.Dimensions, b.Dimensions); diff != "" || len(b.Dimensions) != 1 || a.Regions[0] != "us-west-2" {
		t.Errorf("aliases were not followed: %+v", got)
	}
}

func TestSigningKeys(t *testing.T) {
	got := parsed(t, `
sellers:
  - account: "111122223333"
    products:
      - code: a
        kind: container
        publicKeys:
          - {version: 1, privateKeyFile: pkcs1.pem, rotatedAt: 2026-01-01T00:00:00Z}
          - {version: 2, privateKeyFile: pkcs8.pem}
          - {version: 5, privateKeyFile: surrounded.pem}
          - {version: 6}
`)
	files := keyFiles()
	want := []marketplace.PublicKey{
		{Version: 1, PrivateKey: string(files["pkcs1.pem"]), RotatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Version: 2, PrivateKey: string(files["pkcs8.pem"])},
		{Version: 5, PrivateKey: string(files["pkcs8.pem"])},
		{Version: 6},
	}
	if diff := cmp.Diff(want, got.Sellers[0].Products[0].PublicKeys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// TestWaysToWrite: how editors and people differ does not matter.
func TestWaysToWrite(t *testing.T) {
	const plain = "region: us-west-2\nprofile: \"2025\"\n"
	want := parsed(t, plain)
	for name, source := range map[string]string{
		"Windows line ends":  strings.ReplaceAll(plain, "\n", "\r\n"),
		"byte order mark":    "\ufeff" + plain,
		"document marks":     "---\n" + plain + "...\n",
		"empty second":       plain + "---\n",
		"flow style":         "{region: us-west-2, profile: '2025'}",
		"no last line end":   strings.TrimSuffix(plain, "\n"),
		"folded":             "region: >-\n  us-west-2\nprofile: |-\n  2025\n",
		"keys in quotes":     "\"region\": us-west-2\n'profile': 2025\n",
		"keys with question": "? region\n: us-west-2\n? profile\n: 2025\n",
		"comments":           "# one\nregion: us-west-2 # two\n# three\nprofile: 2025\n# four\n",
	} {
		got, err := Parse([]byte(source), Options{Now: now})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLoad(t *testing.T) {
	folder := t.TempDir()
	source, err := os.ReadFile("testdata/design.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "market.yaml")
	if err := os.WriteFile(path, source, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, now); err == nil || !strings.Contains(err.Error(), path+":15:51: sellers[0].products[0].publicKeys[0].privateKeyFile: ") || !strings.Contains(err.Error(), "key.pem") {
		t.Errorf("without the key file: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "key.pem"), keyFiles()["key.pem"], 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path, now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(designState(), got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if _, err := Load(filepath.Join(folder, "none.yaml"), now); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no catalog: %v", err)
	}
}

func parsed(t *testing.T, source string) marketplace.State {
	t.Helper()
	state, err := Parse([]byte(source), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	return state
}
