package admin

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

func TestState(t *testing.T) {
	a := open(t, Config{})
	get[Applied](t, a.ask("PUT", "catalog", "switches: {batchWindow: 2h}\n"))
	token := get[Token](t, a.ask("POST", "token", `{"product":"saas","customer":"cust-1"}`))
	w := a.ask("GET", "state", "")
	if strings.Contains(w.Body.String(), "hidden-") {
		t.Errorf("state tells a secret: %s", w.Body)
	}
	state := get[State](t, w)
	if diff := cmp.Diff(Counts{Sellers: 1, Products: 3, Buyers: 3, Agreements: 5, Tokens: 1}, state.Counts); diff != "" {
		t.Error(diff)
	}
	if !state.Clock.Now.Equal(noon) || state.Settings.Profile != metering.DefaultProfile || len(state.Settings.Switches) != len(metering.Switches) {
		t.Errorf("clock %+v, settings %+v", state.Clock, state.Settings)
	}
	for _, s := range state.Settings.Switches {
		if s.Overridden != (s.Name == "batchWindow") || s.Fact == "" || s.Doc == "" || s.Value == "" {
			t.Errorf("switch %+v", s)
		}
	}
	if len(state.Tokens) != 1 || state.Tokens[0] != token {
		t.Errorf("tokens are %+v, want %+v", state.Tokens, token)
	}
	var takes []bool
	for _, b := range state.Buyers {
		for _, g := range b.Agreements {
			takes = append(takes, g.TakesUsage)
		}
	}
	if diff := cmp.Diff([]bool{true, true, true, false, true}, takes); diff != "" {
		t.Error(diff)
	}
	credentials := state.Sellers[0].Credentials
	if credentials[0].AccessKeyID != "AKIDSELLER" || credentials[0].Principal != "arn:aws:iam::111122223333:user/app" || !credentials[1].APIKey {
		t.Errorf("credentials are %+v", credentials)
	}
}

func TestMintToken(t *testing.T) {
	const arn = "arn:aws:license-manager::111122223333:license:"
	a := open(t, Config{})
	for body, license := range map[string]metering.LicenseARN{
		`{"licenseArn":"` + arn + `l-2"}`:              arn + "l-2",
		`{"product":"saas","customer":"cust-1"}`:       arn + "l-1",
		`{"product":"saas","customer":"222233334444"}`: arn + "l-1",
		`{"product":"saas","customer":"cust-2"}`:       arn + "l-5", // the other has ended
	} {
		token := get[Token](t, a.ask("POST", "token", body))
		if token.License != license || !token.Expires.Equal(noon.Add(4*time.Hour)) {
			t.Errorf("%s: %+v", body, token)
		}
		call := a.ledger.Begin()
		call.Principal, _ = call.Market.ByAccessKey("AKIDSELLER")
		call.Region = "us-east-1"
		if _, err := a.ledger.ResolveCustomer(t.Context(), call, token.Token); err != nil {
			t.Errorf("%s: the token cannot be resolved: %v", body, err)
		}
	}
	for body, want := range map[string]struct {
		status int
		text   string
	}{
		`{}`:                 {400, "licenseArn"},
		`{"product":"saas"}`: {400, "customer"},
		`{"licenseArn":"x","product":"saas","customer":"cust-1"}`: {400, "or"},
		`{"licenseArn":"x"}`:                           {404, `"x" is unknown`},
		`{"product":"none","customer":"cust-1"}`:       {404, `"none" is unknown`},
		`{"product":"saas","customer":"cust-9"}`:       {404, `"cust-9" is unknown`},
		`{"product":"saas","customer":"444455556666"}`: {404, "no agreement"},
		`{"product":"many","customer":"cust-1"}`:       {409, "l-2, " + arn + "l-3"},
		`{"produkt":"saas"}`:                           {400, `unknown field "produkt"`},
		`"` + strings.Repeat("x", bodyBytesMax) + `"`:  {413, "larger"},
	} {
		wantProblem(t, a.ask("POST", "token", body), want.status, want.text)
	}
}

func TestPublicKey(t *testing.T) {
	a := open(t, Config{})
	w := a.ask("GET", "public-key?product=box&version=1", "")
	block, _ := pem.Decode(w.Body.Bytes())
	if w.Code != http.StatusOK || block == nil {
		t.Fatalf("answer is %d %s", w.Code, w.Body)
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		t.Error(err)
	}
	if again := a.ask("GET", "public-key?product=box", ""); again.Body.String() != w.Body.String() {
		t.Error("the newest key is another one")
	}
	wantProblem(t, a.ask("GET", "public-key?product=none", ""), 404, `"none"`)
	wantProblem(t, a.ask("GET", "public-key?product=box&version=2", ""), 404, "version 2")
	wantProblem(t, a.ask("GET", "public-key?product=box&version=0", ""), 400, `"0"`)
	wantProblem(t, a.ask("GET", "public-key?productcode=box", ""), 400, `"productcode"`)
}

// refusing is a store whose disk has refused.
type refusing struct{ *memstore.Store }

func (refusing) Stats() store.Stats { return store.Stats{Stopped: errors.New("disk full")} }

func TestNotReady(t *testing.T) {
	l, err := ledger.Open(t.Context(), ledger.Config{Store: refusing{memstore.New()}})
	if err != nil {
		t.Fatal(err)
	}
	a := New(Config{Ledger: l})
	wantProblem(t, a.ask("GET", "ready", ""), http.StatusServiceUnavailable, "disk full")
	get[map[string]string](t, a.ask("GET", "health", ""))
	if state := get[State](t, a.ask("GET", "state", "")); state.Store.Stopped != "disk full" {
		t.Errorf("state shows %+v", state.Store)
	}
}

func TestMetricsAndPprof(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector())
	a := open(t, Config{Metrics: registry, Pprof: true})
	for path, text := range map[string]string{
		"metrics":                 "go_goroutines",
		"pprof/":                  "goroutine",
		"pprof/goroutine?debug=1": "goroutine profile",
		"pprof/cmdline":           "admin",
	} {
		if w := a.ask("GET", path, ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%s: %d %.200s", path, w.Code, w.Body)
		}
	}
}
