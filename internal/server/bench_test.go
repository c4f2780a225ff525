package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// fullBatch holds as many records as a batch may.
func fullBatch() string {
	records := make([]string, 25)
	for i := range records {
		records[i] = fmt.Sprintf(`{"Timestamp":%d,"CustomerIdentifier":"cust-%d","Dimension":"users","Quantity":%d}`, now.Unix()-3600*int64(i/2), i%2+1, i)
	}
	return `{"ProductCode":"prod-abc123","UsageRecords":[` + strings.Join(records, ",") + `]}`
}

// benchmark measures a signed request from ServeHTTP to its answer. From the
// second time on a batch is a retry: its facts are compared, not created.
func benchmark(b *testing.B, c call) {
	s := open(b, sellerMarket(), func(c *Config) { c.Logger = nil })
	r := c.sign(b)
	b.SetBytes(r.ContentLength)
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(c.body))
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

func BenchmarkBatchMeterUsage(b *testing.B) {
	benchmark(b, call{op: "BatchMeterUsage", body: fullBatch()})
}

func BenchmarkResolveCustomer(b *testing.B) {
	benchmark(b, call{op: "ResolveCustomer", body: resolveBody})
}
