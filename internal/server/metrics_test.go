package server

import (
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// exposition is what Prometheus reads.
func (s *subject) exposition(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w.Body.String()
}

// metric returns the value of a series, or "" if there is none.
func (s *subject) metric(t *testing.T, series string) string {
	t.Helper()
	for line := range strings.Lines(s.exposition(t)) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// told is a request of each kind of answer that needs no fault.
func told(t *testing.T) []string {
	t.Helper()
	return []string{
		call{op: "ResolveCustomer", body: resolveBody}.raw(t),
		call{op: "ResolveCustomer", body: resolveBody}.raw(t),
		call{op: "ResolveCustomer", body: `{"RegistrationToken":"x"}`}.raw(t),
		call{op: "BatchMeterUsage", body: batchBody}.raw(t),
		call{op: "BatchMeterUsage", body: strings.Replace(batchBody, `:7}`, `:8}`, 1)}.raw(t),
		call{op: "MeterUsage", body: meterBody, key: "AKIDTASK"}.raw(t),
		call{op: "MeterUsage", body: strings.Replace(meterBody, "{", `{"DryRun":true,`, 1), key: "AKIDTASK"}.raw(t),
		call{op: "RegisterUsage", body: `{"ProductCode":"prod-box","PublicKeyVersion":1}`, key: "AKIDTASK"}.raw(t),
		call{op: "Nonsense"}.raw(t),
		call{op: "ResolveCustomer", secret: "guessed"}.raw(t),
		message("GET /favicon.ico HTTP/1.1", ""),
		unsigned("{}", "Content-Type: application/x-amz-json-1.0"),
	}
}

func TestMetrics(t *testing.T) {
	s := open(t, wideMarket())
	for _, raw := range told(t) {
		s.do(t, raw)
	}
	var got []string
	for line := range strings.Lines(s.exposition(t)) {
		// What a request takes, and so the bucket it falls in, differs.
		if !strings.HasPrefix(line, "#") && !regexp.MustCompile(`_bucket|_sum`).MatchString(line) {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		`meterd_records_total{verdict="DuplicateRecord"} 1`,
		`meterd_records_total{verdict="Success"} 2`,
		`meterd_request_seconds_count{operation="BatchMeterUsage"} 2`,
		`meterd_request_seconds_count{operation="MeterUsage"} 2`,
		`meterd_request_seconds_count{operation="RegisterUsage"} 1`,
		`meterd_request_seconds_count{operation="ResolveCustomer"} 3`,
		`meterd_request_seconds_count{operation="none"} 4`,
		`meterd_requests_in_flight 0`,
		`meterd_requests_total{operation="BatchMeterUsage",result="ok"} 2`,
		`meterd_requests_total{operation="MeterUsage",result="ok"} 2`,
		`meterd_requests_total{operation="RegisterUsage",result="ok"} 1`,
		`meterd_requests_total{operation="ResolveCustomer",result="InvalidTokenException"} 1`,
		`meterd_requests_total{operation="ResolveCustomer",result="ok"} 2`,
		`meterd_requests_total{operation="none",result="InvalidSignatureException"} 1`,
		`meterd_requests_total{operation="none",result="MissingAuthenticationTokenException"} 1`,
		`meterd_requests_total{operation="none",result="UnknownOperationException"} 2`,
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics:\n%s", diff)
	}
}

// TestNamesFromOutsideAreNoLabels: each label is a series that is kept for ever.
func TestNamesFromOutsideAreNoLabels(t *testing.T) {
	s := open(t, wideMarket())
	s.do(t, call{op: "Outsider"}.raw(t))
	s.do(t, plainCall("Outsider", "{}", "Action: Outsider"))
	s.do(t, unsigned("{}", "Content-Type: Outsider/json", "X-Amz-Target: Outsider"))
	if strings.Contains(s.exposition(t), "Outsider") {
		t.Error("a name that a stranger sent is a label")
	}
}
