package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meterd/meterd/api"
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	records  *prometheus.CounterVec
	inFlight prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meterd_requests_total",
			Help: "Answered requests, by operation and by result: ok, or the name of the exception.",
		}, []string{"operation", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "meterd_request_seconds",
			Help:    "Time from the arrival of a request's headers to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
		}, []string{"operation"}),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meterd_records_total",
			Help: "Usage records, by verdict.",
		}, []string{"verdict"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "meterd_requests_in_flight",
			Help: "Requests that are being answered.",
		}),
	}
	if r != nil {
		r.MustRegister(m.requests, m.seconds, m.records, m.inFlight)
	}
	return m
}

func (m *metrics) answered(x *exchange, took time.Duration) {
	operation, result := string(x.operation), string(x.refused)
	if operation == "" {
		operation = "none"
	}
	switch {
	case result != "":
	case x.reply.Status == 200:
		result = "ok"
	default: // one of the two XML answers
		result = string(api.MissingAuthenticationTokenException)
		if x.reply.Status == 404 {
			result = string(api.UnknownOperationException)
		}
	}
	m.requests.WithLabelValues(operation, result).Inc()
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
	m.inFlight.Dec()
}

// judged counts the verdicts of a batch. Runs of one verdict, which is to say
// most batches, are added at once: looking a counter up costs as much as a rule.
func (m *metrics) judged(r *api.BatchMeterUsageResult) {
	if n := len(r.UnprocessedRecords); n > 0 {
		m.records.WithLabelValues("Unprocessed").Add(float64(n))
	}
	for from := 0; from < len(r.Results); {
		status, to := r.Results[from].Status, from
		for to < len(r.Results) && r.Results[to].Status == status {
			to++
		}
		m.records.WithLabelValues(string(status)).Add(float64(to - from))
		from = to
	}
}
