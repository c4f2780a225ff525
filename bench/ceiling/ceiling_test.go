package ceiling

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/bench"
	"github.com/meterd/meterd/internal/marketplace"
)

var (
	market = bench.Market{Sellers: 2, Products: 4, Buyers: 200, Dimensions: 10, Mode: bench.Both}
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// tape keeps the last answer that it passed on.
type tape struct {
	http.Handler
	last *httptest.ResponseRecorder
}

func (h *tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.last = httptest.NewRecorder()
	h.Handler.ServeHTTP(h.last, r)
	for name, values := range h.last.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(h.last.Code)
	w.Write(h.last.Body.Bytes())
}

func serve(t *testing.T) (*tape, string) {
	t.Helper()
	m, err := marketplace.NewMarket(market.State())
	if err != nil {
		t.Fatal(err)
	}
	h := &tape{Handler: New(m, func() time.Time { return noon })}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return h, s.URL
}

// TestGeneratorTakesItForTheService also reads an answer with another reader
// than the generator's.
func TestGeneratorTakesItForTheService(t *testing.T) {
	h, endpoint := serve(t)
	r, err := bench.Run(t.Context(), bench.Options{
		Endpoint: endpoint, Market: market, Connections: 1, Records: 25, TargetRecords: 25_000, Clock: noon,
	})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Verdicts; v.Created == 0 || v.Retried == 0 || v.Conflicts == 0 || v.Unexpected != 0 {
		t.Errorf("verdicts %+v", v)
	}
	var answer struct {
		Results []struct {
			MeteringRecordId, Status string
			UsageRecord              map[string]any
		}
		UnprocessedRecords []any
	}
	if err := json.Unmarshal(h.last.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Results) != 25 || answer.UnprocessedRecords == nil || len(answer.UnprocessedRecords) != 0 {
		t.Errorf("the answer has %d results and the records %v unprocessed", len(answer.Results), answer.UnprocessedRecords)
	}
	for _, result := range answer.Results {
		if result.Status == "Success" && result.MeteringRecordId != recordID || result.UsageRecord["Dimension"] == nil {
			t.Errorf("result %+v", result)
		}
	}
}

// TestItVerifies makes sure that nobody is measured who need not be right.
func TestItVerifies(t *testing.T) {
	_, endpoint := serve(t)
	o := bench.Options{Endpoint: endpoint, Market: market, Connections: 1, Records: 25, TargetRecords: 25, Clock: noon.Add(time.Hour)}
	if _, err := bench.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "Signature not yet current") {
		t.Errorf("an hour off: %v", err)
	}
	unknown := o
	unknown.Clock, unknown.Market.Sellers, unknown.Market.Products = noon, 4, 5
	unknown.TargetRecords = 2500
	if _, err := bench.Run(t.Context(), unknown); err == nil || !strings.Contains(err.Error(), "security token included in the request is invalid") {
		t.Errorf("an unknown seller: %v", err)
	}
}

func TestItKnowsOneOperation(t *testing.T) {
	_, endpoint := serve(t)
	tests := []struct{ contentType, target, want string }{
		{"application/x-amz-json-1.1", "AWSMPMeteringService.BatchMeterUsage", "AccessDeniedException"}, // it is not signed
		{"text/plain", "", "UnknownOperationException"},
	}
	for _, test := range tests {
		request, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", test.contentType)
		request.Header.Set("X-Amz-Target", test.target)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body := new(strings.Builder)
		answer.Write(body)
		answer.Body.Close()
		if !strings.Contains(body.String(), test.want) {
			t.Errorf("%s: %s", test.contentType, body)
		}
	}
	o := bench.Options{Endpoint: endpoint, Market: market, Operation: "MeterUsage", Connections: 1, TargetRecords: 1, Clock: noon}
	if _, err := bench.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "BatchMeterUsage only") {
		t.Errorf("MeterUsage: %v", err)
	}
}
