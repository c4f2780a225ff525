package main

import (
	"errors"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pebblestore"
)

// metrics are those of the process and of the store; the server has its own.
type metrics struct {
	registry *prometheus.Registry

	commitCalls, commitFacts, commitSeconds prometheus.Histogram
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		commitCalls: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "meterd_commit_calls", Help: "Calls that one group commit made durable.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		commitFacts: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "meterd_commit_facts", Help: "Facts (records, tokens, registrations) that one group commit decided.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 14),
		}),
		commitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "meterd_commit_seconds", Help: "Time of a group commit, from its first call's turn to the disk's confirmation.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 2, 18),
		}),
	}
	m.registry.MustRegister(
		m.commitCalls, m.commitFacts, m.commitSeconds,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	return m
}

// committed is told of every group that the store committed.
func (m *metrics) committed(calls, facts int, took time.Duration) {
	m.commitCalls.Observe(float64(calls))
	m.commitFacts.Observe(float64(facts))
	m.commitSeconds.Observe(took.Seconds())
}

// watch exports the gauges of a ledger's store.
func (m *metrics) watch(l *ledger.Ledger) { m.registry.MustRegister(storeGauges{l}) }

// storeGauges reads the store's gauges when they are asked for.
type storeGauges struct{ ledger *ledger.Ledger }

var (
	storeBytes   = prometheus.NewDesc("meterd_store_bytes", "Size of the store, on disk or in memory.", nil, nil)
	storeWaiting = prometheus.NewDesc("meterd_commits_waiting", "Calls that wait for the next group commit.", nil, nil)
	storeStopped = prometheus.NewDesc("meterd_store_stopped", "1 if the store accepts no usage, and why; else 0.", []string{"reason"}, nil)
)

func (storeGauges) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- storeBytes
	descriptions <- storeWaiting
	descriptions <- storeStopped
}

func (g storeGauges) Collect(metrics chan<- prometheus.Metric) {
	stats := g.ledger.Stats()
	stopped := 0.0
	if stats.Stopped != nil {
		stopped = 1
	}
	metrics <- prometheus.MustNewConstMetric(storeBytes, prometheus.GaugeValue, float64(stats.Bytes))
	metrics <- prometheus.MustNewConstMetric(storeWaiting, prometheus.GaugeValue, float64(stats.Waiting))
	metrics <- prometheus.MustNewConstMetric(storeStopped, prometheus.GaugeValue, stopped, stopReason(stats.Stopped))
}

// stopReason says in a few fixed words why a store accepts nothing; ready has the
// whole of it.
func stopReason(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, pebblestore.ErrSpace), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "disk full"
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return "disk read-only"
	case errors.Is(err, syscall.EIO):
		return "disk error"
	case errors.Is(err, store.ErrDamaged):
		return "damaged"
	}
	return "other"
}
