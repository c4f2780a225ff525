package admin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store/memstore"
)

var noon = time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)

const source = `
sellers:
  - account: "111122223333"
    credentials:
      - {accessKeyId: AKIDSELLER, secretAccessKey: hidden-secret, user: app}
      - {apiKey: hidden-key, user: pages}
    products:
      - {code: saas, kind: saas, mode: legacy, dimensions: [{key: users}, {key: gb}], registrationUrl: "http://127.0.0.1:3000/register"}
      - {code: many, kind: saas, mode: concurrent, dimensions: [{key: users}]}
      - {code: box, kind: container, dimensions: [{key: users}]}
buyers:
  - account: "222233334444"
    customerIdentifier: cust-1
    agreements:
      - {product: saas, status: active, start: 2026-01-01T00:00:00Z, licenseArn: "arn:aws:license-manager::111122223333:license:l-1"}
      - {product: many, status: active, start: 2026-01-01T00:00:00Z, licenseArn: "arn:aws:license-manager::111122223333:license:l-2"}
      - {product: many, status: active, start: 2026-01-01T00:00:00Z, licenseArn: "arn:aws:license-manager::111122223333:license:l-3"}
  - account: "333344445555"
    customerIdentifier: cust-2
    agreements:
      - {product: saas, status: ended, start: 2026-01-01T00:00:00Z, end: 2026-02-01T00:00:00Z, licenseArn: "arn:aws:license-manager::111122223333:license:l-4"}
      - {product: saas, status: active, start: 2026-03-01T00:00:00Z, licenseArn: "arn:aws:license-manager::111122223333:license:l-5"}
  - account: "444455556666"
`

// start returns the marketplace that the tests begin with.
func start() (marketplace.State, error) {
	return catalog.Parse([]byte(source), catalog.Options{Now: noon})
}

// open makes a surface over a ledger in memory that stands at noon.
func open(t *testing.T, cfg Config) *Admin {
	t.Helper()
	c := new(clock.Clock)
	c.Freeze()
	c.Set(noon)
	l, err := ledger.Open(t.Context(), ledger.Config{Store: memstore.New(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	state, err := start()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Apply(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	cfg.Ledger = l
	return New(cfg)
}

// ask sends a request from this machine. Headers are "Name: value".
func (a *Admin) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8421"+Prefix+path, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

// get decodes the answer to a request that must succeed.
func get[T any](t *testing.T, w *httptest.ResponseRecorder) (value T) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return value
}

// wantProblem checks a refusal and its text.
func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	var got problem
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if w.Code != status || !strings.Contains(got.Text, text) {
		t.Errorf("answer is %d %q, want %d with %q", w.Code, got.Text, status, text)
	}
}

// meter tells usage in the hour before noon.
func (a *Admin) meter(t *testing.T, customer metering.CustomerID, dimension metering.Dimension, quantity int64) {
	t.Helper()
	call := a.ledger.Begin()
	call.Principal, _ = call.Market.ByAccessKey("AKIDSELLER")
	call.Region = "us-east-1"
	verdicts, err := a.ledger.BatchMeterUsage(t.Context(), call, metering.Batch{Product: "saas", Usages: []metering.Usage{{
		Timestamp: noon.Add(-time.Hour), Customer: customer, Dimension: dimension, Quantity: quantity,
		Allocations: []metering.Allocation{{Quantity: quantity, Tags: []metering.Tag{{Key: "team", Value: "a"}}}},
	}}})
	if err != nil || verdicts[0].Status != metering.Success {
		t.Fatalf("metering: %+v, %v", verdicts, err)
	}
}

func TestRouting(t *testing.T) {
	a := open(t, Config{})
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "", 200, ""},
		{"GET", "health", 200, ""},
		{"HEAD", "health", 200, ""},
		{"GET", "ready", 200, ""},
		{"GET", "nothing", 404, ""},
		{"GET", "health/", 404, ""},
		{"GET", "metrics", 404, ""},
		{"GET", "pprof/", 404, ""},
		{"POST", "health", 405, "GET"},
		{"DELETE", "clock", 405, "GET, PUT"},
		{"OPTIONS", "clock", 405, "GET, PUT"},
		{"GET", "reset", 405, "POST"},
	} {
		w := a.ask(test.method, test.path, "")
		if w.Code != test.status || w.Header().Get("Allow") != test.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", test.method, test.path, w.Code, w.Header().Get("Allow"), test.status, test.allow)
		}
		if w.Header().Get("Content-Type") != "application/json" || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: answer is no JSON: %s", test.method, test.path, w.Body)
		}
		if test.status >= 400 && !strings.Contains(w.Body.String(), "GET /_meterd/ready") {
			t.Errorf("%s %s: the answer does not say what exists: %s", test.method, test.path, w.Body)
		}
	}
}
