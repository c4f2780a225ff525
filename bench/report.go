package bench

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/meterd/meterd/api"
)

// Report is what a run found.
type Report struct {
	Endpoint          string        `json:"endpoint"`
	Operation         api.Operation `json:"operation"`
	Connections       int           `json:"connections"`
	Seconds           float64       `json:"seconds"`
	Requests          int64         `json:"requests"`
	RequestsPerSecond float64       `json:"requestsPerSecond"`
	Records           int64         `json:"records"`
	RecordsPerSecond  float64       `json:"recordsPerSecond"`
	Verdicts          Verdicts      `json:"verdicts"`
	Latency           Latency       `json:"latency"`
	// FirstTenth and LastTenth are records per second of the first and the
	// last tenth of all records.
	FirstTenth float64 `json:"firstTenth"`
	LastTenth  float64 `json:"lastTenth"`
	// Exhausted says that the run ended because the marketplace had no record
	// left that was never told.
	Exhausted bool `json:"exhausted"`
	// Failures counts the requests that were not answered as they must be.
	Failures int64 `json:"failures"`
}

// Latency is how long answers took, in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func (r *run) report() (*Report, error) {
	report := &Report{
		Endpoint: r.Endpoint, Operation: r.Operation, Connections: r.Connections,
		Seconds: r.elapsed.Seconds(), Exhausted: r.stop.exhausted.Load(),
	}
	var latency histogram
	var troubles []error
	for _, w := range r.workers {
		report.Requests += w.requests
		report.Verdicts.add(w.verdicts)
		report.Failures += w.failures
		latency.merge(&w.latency)
		troubles = append(troubles, w.troubles...)
	}
	report.Records = report.Verdicts.Total()
	report.RequestsPerSecond = perSecond(float64(report.Requests), r.elapsed)
	report.RecordsPerSecond = perSecond(float64(report.Records), r.elapsed)
	report.FirstTenth, report.LastTenth = r.pace.tenths()
	report.Latency = Latency{
		P50: milliseconds(latency.quantile(0.5)), P99: milliseconds(latency.quantile(0.99)),
		P999: milliseconds(latency.quantile(0.999)), Max: milliseconds(latency.max),
	}
	if report.Failures > 0 {
		shown := errors.Join(troubles[:min(len(troubles), troublesMax)]...)
		return report, fmt.Errorf("%w: %d requests, such as\n%w", ErrWrong, report.Failures, shown)
	}
	return report, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Rows is the report for people: pairs of a figure's name and value.
func (r *Report) Rows() [][2]string {
	rows := [][2]string{
		{"endpoint", r.Endpoint},
		{"operation", string(r.Operation)},
		{"connections", strconv.Itoa(r.Connections)},
		{"seconds", fmt.Sprintf("%.2f", r.Seconds)},
		{"requests", fmt.Sprintf("%d (%.0f/s)", r.Requests, r.RequestsPerSecond)},
		{"records", fmt.Sprintf("%d (%.0f/s)", r.Records, r.RecordsPerSecond)},
		{"created", strconv.FormatInt(r.Verdicts.Created, 10)},
		{"retried", strconv.FormatInt(r.Verdicts.Retried, 10)},
		{"conflicts", strconv.FormatInt(r.Verdicts.Conflicts, 10)},
		{"unexpected", strconv.FormatInt(r.Verdicts.Unexpected, 10)},
		{"latency p50", fmt.Sprintf("%.2f ms", r.Latency.P50)},
		{"latency p99", fmt.Sprintf("%.2f ms", r.Latency.P99)},
		{"latency p99.9", fmt.Sprintf("%.2f ms", r.Latency.P999)},
		{"latency max", fmt.Sprintf("%.2f ms", r.Latency.Max)},
		{"first tenth", fmt.Sprintf("%.0f records/s", r.FirstTenth)},
		{"last tenth", fmt.Sprintf("%.0f records/s", r.LastTenth)},
	}
	if r.Exhausted {
		rows = append(rows, [2]string{"ended early", "every record of the marketplace was told; give it more buyers or dimensions"})
	}
	return rows
}
