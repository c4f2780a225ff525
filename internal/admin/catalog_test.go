package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

func TestCatalogExport(t *testing.T) {
	a := open(t, Config{})
	w := a.ask("GET", "catalog", "")
	state, err := catalog.Parse(w.Body.Bytes(), catalog.Options{})
	if err != nil {
		t.Fatalf("the export is no catalog: %v\n%s", err, w.Body)
	}
	if diff := cmp.Diff(a.ledger.Market().State, state); diff != "" {
		t.Error(diff)
	}
}

func TestCatalogApply(t *testing.T) {
	a := open(t, Config{})
	body := `
sellers: [{account: "999988887777", products: [{code: new, kind: ami, dimensions: [{key: hours}]}]}]
buyers: [{account: "444455556666", agreements: [{product: new, status: active, start: 2026-01-01T00:00:00Z}]}]
`
	if got := get[Applied](t, a.ask("PUT", "catalog", body)); got != (Applied{Created: 1, Changed: 1}) {
		t.Errorf("first: %+v", got)
	}
	if got := get[Applied](t, a.ask("PUT", "catalog", body)); got != (Applied{}) {
		t.Errorf("again: %+v", got)
	}
	if a.ledger.Market().Product("new") == nil || a.ledger.Market().Product("saas") == nil {
		t.Error("the new product or an old one is missing")
	}
}

func TestCatalogPrunes(t *testing.T) {
	a := open(t, Config{})
	body := `sellers: [{account: "999988887777", products: [{code: new, kind: ami, dimensions: [{key: hours}]}]}]`
	if got := get[Applied](t, a.ask("PUT", "catalog?prune=true", body)); got.Created != 1 || got.Removed == 0 {
		t.Errorf("pruning: %+v", got)
	}
	if m := a.ledger.Market(); m.Product("new") == nil || m.Product("saas") != nil || len(m.State.Buyers) != 0 {
		t.Errorf("after pruning: %+v", m.State)
	}
	wantProblem(t, a.ask("PUT", "catalog?prune=maybe", body), 400, `prune="maybe" is neither true nor false`)
	wantProblem(t, a.ask("PUT", "catalog?purge=true", body), 400, "unknown")
}

func TestCatalogRefused(t *testing.T) {
	for body, want := range map[string]struct {
		status int
		text   string
	}{
		"": {400, "nothing was applied"},
		"sellers:\n  - account: \"111122223333\"\n    products: [{code: x, kind: sass}]\n":                                                                                   {400, "sass"},
		"sellers: [{account: \"999988887777\", products: [{code: saas, kind: ami, dimensions: [{key: h}]}]}]":                                                                {409, `"saas" is there twice`},
		"sellers: [{account: \"999988887777\", products: [{code: box2, kind: container, dimensions: [{key: h}], publicKeys: [{version: 1, privateKeyFile: /etc/passwd}]}]}]": {400, "key file cannot be read here"},
		"# " + strings.Repeat("x", catalogBytesMax): {413, "larger than"},
	} {
		a := open(t, Config{})
		before := a.ledger.Market()
		w := a.ask("PUT", "catalog", body)
		wantProblem(t, w, want.status, want.text)
		if a.ledger.Market() != before {
			t.Errorf("%.60q was refused, yet the marketplace changed", body)
		}
	}
}

func TestCatalogMistakesHaveLines(t *testing.T) {
	a := open(t, Config{})
	w := a.ask("PUT", "catalog", "sellers:\n  - account: \"1\"\n    products:\n      - {code: x, kind: sass}\n")
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, m := range p.Mistakes {
		found[m.Path] = m.Line
	}
	if found["sellers[0].account"] != 2 || found["sellers[0].products[0].kind"] != 4 {
		t.Errorf("mistakes are %+v", p.Mistakes)
	}
}

func TestOverrideHoldsOverCatalog(t *testing.T) {
	a := open(t, Config{Override: func(s *marketplace.Settings) { s.Profile = "2020" }})
	get[Applied](t, a.ask("PUT", "catalog", "profile: \"2025\"\n"))
	if got := a.ledger.Market().Profile.Name; got != "2020" {
		t.Errorf("profile is %s", got)
	}
}

func TestReset(t *testing.T) {
	a := open(t, Config{AllowReset: true, Start: start})
	a.meter(t, "cust-1", "users", 7)
	get[Applied](t, a.ask("PUT", "catalog", "profile: \"2020\"\n"))
	get[map[string]string](t, a.ask("POST", "reset", ""))
	if list := get[RecordList](t, a.ask("GET", "records", "")); len(list.Records) != 0 {
		t.Errorf("records are left: %+v", list)
	}
	if m := a.ledger.Market(); m.Profile.Name != metering.DefaultProfile || m.Product("saas") == nil {
		t.Errorf("the marketplace is not the start's: %+v", m.Settings)
	}
	a.meter(t, "cust-1", "users", 8) // is no duplicate of what was forgotten
}

func TestResetRefused(t *testing.T) {
	a := open(t, Config{})
	a.meter(t, "cust-1", "users", 7)
	wantProblem(t, a.ask("POST", "reset", ""), http.StatusForbidden, "--allow-reset")

	a.cfg.AllowReset = true
	a.cfg.Start = func() (marketplace.State, error) {
		return catalog.Parse([]byte("seller: []"), catalog.Options{})
	}
	wantProblem(t, a.ask("POST", "reset", ""), http.StatusConflict, "nothing was forgotten")
	if list := get[RecordList](t, a.ask("GET", "records", "")); len(list.Records) != 1 {
		t.Errorf("a refused reset forgot: %+v", list)
	}
}
