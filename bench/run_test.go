package bench_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/bench"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

var smallMarket = bench.Market{Sellers: 2, Products: 4, Buyers: 600, Dimensions: 20, Mode: bench.Both}

// noon is where the clock of the tested service starts.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// service serves a new ledger in memory.
func service(t *testing.T, m bench.Market) (string, store.Store) {
	t.Helper()
	c := new(clock.Clock)
	c.Set(noon)
	kept := memstore.New()
	books, err := ledger.Open(t.Context(), ledger.Config{Store: kept, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := books.Apply(t.Context(), m.State()); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(server.New(server.Config{Ledger: books}))
	t.Cleanup(s.Close)
	return s.URL, kept
}

func options(endpoint string, m bench.Market) bench.Options {
	return bench.Options{Endpoint: endpoint, Market: m, Connections: 8, Records: 25, Seed: 1, Clock: noon}
}

func records(t *testing.T, s store.Store) (n int64) {
	t.Helper()
	for _, kind := range store.UsageKinds {
		for _, err := range s.Scan(t.Context(), store.Range{Kind: kind, ToHour: 1 << 31}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	return n
}

// TestRun holds what the generator says against what the ledger then has.
func TestRun(t *testing.T) {
	for _, mode := range []bench.Mode{bench.Both, bench.Legacy, bench.Concurrent} {
		t.Run(string(mode), func(t *testing.T) {
			m := smallMarket
			m.Mode = mode
			endpoint, kept := service(t, m)
			o := options(endpoint, m)
			o.Duration = time.Second
			told := 0
			o.OnProgress = func(p bench.Progress) {
				if told++; p.Done < 0 || p.Done > 1 {
					t.Errorf("progress %+v", p)
				}
			}
			r, err := bench.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := records(t, kept); got != r.Verdicts.Created || got == 0 {
				t.Errorf("the ledger has %d records, the report says %+v", got, r.Verdicts)
			}
			if r.Verdicts.Unexpected != 0 || r.Failures != 0 || r.Records != 25*r.Requests || r.Records != r.Verdicts.Total() {
				t.Errorf("report %+v", r)
			}
			if l := r.Latency; l.P50 <= 0 || l.P99 < l.P50 || l.P999 < l.P99 || l.Max < l.P999 {
				t.Errorf("latencies %+v", l)
			}
			if r.FirstTenth <= 0 || r.LastTenth <= 0 || told == 0 {
				t.Errorf("tenths %v and %v, progress told %d times", r.FirstTenth, r.LastTenth, told)
			}
		})
	}
}

func TestRunToTarget(t *testing.T) {
	endpoint, kept := service(t, smallMarket)
	o := options(endpoint, smallMarket)
	o.TargetRecords = 25_000
	r, err := bench.Run(t.Context(), o)
	if err != nil || r.Records != 25_000 || r.Exhausted {
		t.Fatalf("%+v, %v", r, err)
	}
	// The first batches have nothing to tell again.
	if n := r.Verdicts.Retried; n < 1000 || n > 1350 {
		t.Errorf("%d records are retries, which should be one in twenty", n)
	}
	if n := r.Verdicts.Conflicts; n < 180 || n > 320 {
		t.Errorf("%d records are contradictions, which should be one in a hundred", n)
	}
	if got := records(t, kept); got != r.Verdicts.Created {
		t.Errorf("the ledger has %d records, the report says %+v", got, r.Verdicts)
	}
}

func TestRunMeterUsage(t *testing.T) {
	endpoint, kept := service(t, smallMarket)
	o := options(endpoint, smallMarket)
	o.Operation, o.TargetRecords = api.MeterUsage, 500
	r, err := bench.Run(t.Context(), o)
	if err != nil || r.Verdicts.Created != 500 || r.Requests != 500 || records(t, kept) != 500 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestSameSeedSameRecords runs one connection twice; the ledgers are equal.
func TestSameSeedSameRecords(t *testing.T) {
	told := func(seed uint64) (facts []store.Fact) {
		endpoint, kept := service(t, smallMarket)
		o := options(endpoint, smallMarket)
		o.Connections, o.TargetRecords, o.Seed = 1, 1000, seed
		if _, err := bench.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		for f, err := range kept.Scan(t.Context(), store.Range{Kind: store.UsageByLicense, ToHour: 1 << 31}) {
			if err != nil {
				t.Fatal(err)
			}
			facts = append(facts, f)
		}
		return facts
	}
	if diff := cmp.Diff(told(1), told(1)); diff != "" {
		t.Errorf("the same seed tells other records:\n%s", diff)
	}
	if cmp.Equal(told(1), told(2)) {
		t.Error("another seed tells the same records")
	}
}

func TestRunEndsWithoutNewRecords(t *testing.T) {
	m := bench.Market{Sellers: 1, Products: 1, Buyers: 10, Dimensions: 10, Mode: bench.Both}
	endpoint, _ := service(t, m)
	r, err := bench.Run(t.Context(), options(endpoint, m))
	if err != nil || !r.Exhausted || r.Verdicts.Created == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRunStopsWhenToldTo(t *testing.T) {
	endpoint, _ := service(t, smallMarket)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if r, err := bench.Run(ctx, options(endpoint, smallMarket)); err != nil || r.Seconds > 10 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestRunFails wants every kind of wrong service to be found out.
func TestRunFails(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			w.Write([]byte(body))
		}
	}
	tests := map[string]http.Handler{
		"status 400: not today":  answer(http.StatusBadRequest, "not today"),
		"too few results":        answer(http.StatusOK, `{"Results":[],"UnprocessedRecords":[]}`),
		"reading an answer: EOF": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
	}
	for want, handler := range tests {
		s := httptest.NewServer(handler)
		o := options(s.URL, smallMarket)
		o.TargetRecords = 500
		r, err := bench.Run(t.Context(), o)
		if !errors.Is(err, bench.ErrWrong) || r == nil || r.Failures == 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v, %v; want %q", r, err, want)
		}
		s.Close()
	}
}

func TestRunRefusesOptions(t *testing.T) {
	good := options("http://127.0.0.1:1", smallMarket)
	tests := map[string]func(*bench.Options){
		"endpoint":              func(o *bench.Options) { o.Endpoint = "https://127.0.0.1:1" },
		"0 connections":         func(o *bench.Options) { o.Connections = 0 },
		"4097 connections":      func(o *bench.Options) { o.Connections = bench.ConnectionsMax + 1 },
		"26 records in a batch": func(o *bench.Options) { o.Records = 26 },
		"0 records in a batch":  func(o *bench.Options) { o.Records = 0 },
		"0 buyers":              func(o *bench.Options) { o.Market.Buyers = 0 },
		"5 sellers":             func(o *bench.Options) { o.Market.Sellers = 5 },
		"multiply":              func(o *bench.Options) { o.Market.Buyers, o.Market.Dimensions = 1_000_000, 101 },
		"mode":                  func(o *bench.Options) { o.Market.Mode = "x" },
		"operation":             func(o *bench.Options) { o.Operation = api.ResolveCustomer },
		"before its beginning":  func(o *bench.Options) { o.Duration = -1 },
		"connecting":            func(*bench.Options) {},
	}
	for want, change := range tests {
		o := good
		change(&o)
		if _, err := bench.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestCatalogHoldsTheMarket(t *testing.T) {
	source, err := catalog.Format(smallMarket.State())
	if err != nil {
		t.Fatal(err)
	}
	state, err := catalog.Parse(source, catalog.Options{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(smallMarket.State(), state); diff != "" {
		t.Error(diff)
	}
}
