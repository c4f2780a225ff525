package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/notrun"
)

// printedTour returns what dev shows of a service at a URL.
func printedTour(t *testing.T, s *service, url, token string) string {
	t.Helper()
	tour, err := planTour(t.Context(), s.ledger, nil, url, token)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	printReady(&out, url, url)
	s.show(tour, &out)
	return out.String()
}

func TestTourFitsOnAScreen(t *testing.T) {
	s := demoService(t, &options{})
	text := printedTour(t, s, "http://127.0.0.1:8421", "")
	if lines := strings.Count(text, "\n"); lines > 40 {
		t.Errorf("it has %d lines:\n%s", lines, text)
	}
	if !strings.Contains(text, " records\n") {
		t.Errorf("the way to the records names an address that is the default:\n%s", text)
	}
	if text := printedTour(t, s, "http://127.0.0.1:9999", "secret"); !strings.Contains(text, "export METERD_ADMIN_TOKEN=secret\n") || !strings.Contains(text, " records --admin-url http://127.0.0.1:9999\n") {
		t.Errorf("it lacks the admin token or address:\n%s", text)
	}
}

// TestOpenSandboxHasAToken starts a sandbox that other machines can reach.
func TestOpenSandboxHasAToken(t *testing.T) {
	p, api, _, err := startMeterd(t.TempDir(), filepath.Join(t.TempDir(), "log"), []string{"HOME=" + t.TempDir()}, "dev", "--listen", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(api, "http://127.0.0.1:") {
		t.Errorf("it says that it is at %s", api)
	}
	if status, body := get(t, http.DefaultClient, api+admin.Prefix+"state"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", status, body)
	}
	p.Process.Signal(syscall.SIGTERM)
	if code := p.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if !regexp.MustCompile(`(?m)^  export METERD_ADMIN_TOKEN=\S{40,}$`).MatchString(p.stdout.String()) {
		t.Errorf("no token is printed:\n%s", &p.stdout)
	}
}

// tourMarkets are marketplaces that dev can show; byCode and byLicense are what
// the tour has to find in them.
var tourMarkets = map[string]struct {
	catalog string
	wants   []string
}{
	"a key and no API key": {`
  - account: "111122223333"
    credentials: [{accessKeyId: AKIDSELLER, secretAccessKey: it's/secret+}]
    products: [{code: p, kind: saas, dimensions: [{key: "one, two"}]}]
buyers:
  - {account: "222233334444", customerIdentifier: "c=\"1\"", agreements: [{product: p, status: active, start: 2026-01-01T00:00:00Z}]}`,
		[]string{"aws resolve-customer", "aws batch-meter-usage", "curl", "records"}},
	"concurrent only": {`
  - account: "111122223333"
    credentials: [{accessKeyId: AKIDSELLER, secretAccessKey: secret, sessionToken: a+session/token=, expiresAt: 2999-01-01T00:00:00Z}]
    products: [{code: p, kind: saas, mode: concurrent, dimensions: [{key: users}, {key: gb}]}]
buyers:
  - {account: "222233334444", agreements: [{product: p, status: active, start: 2026-01-01T00:00:00Z}]}`,
		[]string{"aws resolve-customer", "aws batch-meter-usage", "curl", "meterd batch-meter-usage", "records"}},
	"an API key only": {`
  - account: "111122223333"
    credentials: [{apiKey: "the key", user: u}]
    products: [{code: p, kind: saas, mode: concurrent, dimensions: [{key: users}]}]
buyers:
  - {account: "222233334444", agreements: [{product: p, status: active, start: 2026-01-01T00:00:00Z}]}`,
		[]string{"curl", "records"}},
	// The first seller's key may not meter, and the second has no buyer.
	"sellers who differ": {`
  - account: "111122223333"
    credentials: [{accessKeyId: AKIDFIRST, secretAccessKey: first, deny: ["*"]}]
    products: [{code: p, kind: saas, dimensions: [{key: users}]}]
  - account: "111122224444"
    credentials: [{accessKeyId: AKIDSECOND, secretAccessKey: second}, {apiKey: second, user: u}]
    products: [{code: q, kind: saas, dimensions: [{key: users}]}]
  - account: "111122225555"
    credentials: [{accessKeyId: AKIDTHIRD, secretAccessKey: third}]
    products: [{code: r, kind: saas, mode: concurrent, dimensions: [{key: users}]}]
buyers:
  - {account: "222233334444", customerIdentifier: c, agreements: [{product: p, status: active, start: 2026-01-01T00:00:00Z}, {product: r, status: active, start: 2026-01-01T00:00:00Z}]}`,
		[]string{"aws resolve-customer", "aws batch-meter-usage", "curl", "meterd batch-meter-usage", "records"}},
}

// TestPrintedCommandsWork types everything that dev prints into a shell.
func TestPrintedCommandsWork(t *testing.T) {
	demo := []string{"aws resolve-customer", "aws batch-meter-usage", "curl", "meterd batch-meter-usage", "records"}
	t.Run("the demo", func(t *testing.T) { typePrinted(t, demoService(t, &options{}), demo) })
	t.Run("the demo without licences", func(t *testing.T) {
		typePrinted(t, demoService(t, &options{profile: "2025"}), []string{"aws resolve-customer", "aws batch-meter-usage", "curl", "records"})
	})
	for name, market := range tourMarkets {
		t.Run(name, func(t *testing.T) { typePrinted(t, catalogService(t, market.catalog), market.wants) })
	}
}

// catalogService puts together a service whose catalog has these sellers.
func catalogService(t *testing.T, sellers string) *service {
	t.Helper()
	source := marketSource{"a catalog", func(now time.Time) (marketplace.State, error) {
		return catalog.Parse([]byte("sellers:"+sellers), catalog.Options{Now: now})
	}, func(*marketplace.Settings) {}}
	s, err := openService(t.Context(), &options{}, source, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func typePrinted(t *testing.T, s *service, wants []string) {
	url := serving(t, s, func(*listener) {})
	text := printedTour(t, s, url, "")
	environment := append(os.Environ(), runAsMeterd+"=1", "HOME="+t.TempDir(), "AWS_EC2_METADATA_DISABLED=true")
	for _, exports := range regexp.MustCompile(`(?m)^  export (.*)$`).FindAllStringSubmatch(text, -1) {
		out, err := exec.Command("sh", "-c", "for x in "+exports[1]+`; do echo "$x"; done`).Output()
		if err != nil {
			t.Fatal(err)
		}
		environment = append(environment, strings.Fields(string(out))...)
	}
	var kinds []string
	_, commands, _ := strings.Cut(text, "Try:\n")
	for line := range strings.Lines(commands) {
		kind, out, err := typeLine(t, strings.TrimSpace(line), environment)
		kinds = append(kinds, kind)
		if err != nil || strings.Contains(kind, "meter-usage") && !strings.Contains(out, `"Status": "Success"`) || kind == "curl" && !strings.Contains(out, `"Status":"Success"`) {
			t.Errorf("%s\nanswers %s, %v", line, out, err)
		}
	}
	if diff := cmp.Diff(wants, kinds); diff != "" {
		t.Errorf("commands (-want +got):\n%s%s", diff, text)
	}
}

// typeLine runs a line. aws-cli's are run by this program, which takes the same
// flags and knows every member; livetest runs aws-cli itself.
func typeLine(t *testing.T, line string, environment []string) (kind, output string, err error) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(line)
	switch {
	case words[0] == "curl":
		if _, err := exec.LookPath("curl"); err != nil {
			notrun.Skip(t, "there is no curl on this machine: what dev prints for curl was not tried")
		}
		kind, line = "curl", line+" --silent --show-error"
	case words[0] == "aws":
		kind = "aws " + words[4]
		line = fmt.Sprintf("%s %s --endpoint-url %s", binary, strings.Join(words[4:], " "), words[2])
	default:
		rest := strings.TrimPrefix(line, self()+" ")
		kind = strings.TrimPrefix("meterd "+strings.Fields(rest)[0], "meterd records")
		line = binary + " " + rest
		if kind == "" {
			kind = "records"
		}
	}
	command := exec.Command("sh", "-c", line)
	command.Env = environment
	out, err := command.CombinedOutput()
	return kind, string(out), err
}

// TestPrintedTokensSurviveReset resolves what is still on the screen after a
// reset, for as long as a fresh token would live.
func TestPrintedTokensSurviveReset(t *testing.T) {
	s := demoService(t, &options{allowReset: true})
	url := serving(t, s, func(*listener) {})
	printedTour(t, s, url, "")
	s.ledger.Clock().Set(time.Now().Add(5 * time.Hour))
	resolve := func(token string) int {
		r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(fmt.Sprintf(`{"RegistrationToken":%q}`, token)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "meterd-demo-api-key")
		r.Header.Set("Content-Type", "application/json")
		status, _ := exchange(t, http.DefaultClient, r)
		return status
	}
	if status := resolve(s.printed[0].Value); status != http.StatusBadRequest {
		t.Errorf("an expired token: %d", status)
	}
	for range 2 {
		r, err := http.NewRequest(http.MethodPost, url+admin.Prefix+"reset", nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := exchange(t, http.DefaultClient, r); status != http.StatusOK {
			t.Fatalf("reset: %d %s", status, body)
		}
	}
	if len(s.printed) != 2 {
		t.Errorf("%d tokens are printed", len(s.printed))
	}
	for _, token := range s.printed {
		if status := resolve(token.Value); status != http.StatusOK {
			t.Errorf("after the reset: %d", status)
		}
	}
}

// TestTourPrefersItsCatalog starts on a ledger that knows an older seller.
func TestTourPrefersItsCatalog(t *testing.T) {
	s := demoService(t, &options{})
	defer s.close()
	state, err := catalog.Parse([]byte("sellers:"+tourMarkets["concurrent only"].catalog), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	state.Sellers[0].Account, state.Buyers[0].Account = "100000000000", "200000000000"
	if _, err := s.ledger.Apply(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	for _, seller := range []metering.AccountID{"100000000000", "111122223333"} {
		tour, err := planTour(t.Context(), s.ledger, []metering.AccountID{seller}, "http://127.0.0.1:8421", "")
		if err != nil {
			t.Fatal(err)
		}
		if tour.seller != seller {
			t.Errorf("it shows %s instead of %s", tour.seller, seller)
		}
		for _, token := range tour.tokens {
			if of := s.ledger.Market().Product(token.product).Seller; of != seller {
				t.Errorf("%s: a token of %s", seller, of)
			}
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"plain-1.0/x+y=z": "plain-1.0/x+y=z",
		"":                "''",
		"two words":       "'two words'",
		"it's":            `'it'\''s'`,
		"$HOME":           "'$HOME'",
		"a;b":             "'a;b'",
	} {
		if got := quote(text); got != want {
			t.Errorf("quote(%q) = %s, want %s", text, got, want)
		}
		out, err := exec.Command("sh", "-c", "printf %s "+quote(text)).Output()
		if err != nil || string(out) != text {
			t.Errorf("a shell reads quote(%q) as %q, %v", text, out, err)
		}
	}
}
