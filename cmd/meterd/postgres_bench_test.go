package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meterd/meterd/bench"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// What BenchmarkReplicas meters in a lap, and on how many connections in all.
const (
	replicaLap         = 500_000
	replicaConnections = 256
)

// BenchmarkReplicas measures the whole service, with HTTP, signatures, rules and
// trail, as 1 to 3 processes on one database, and then a bare program that
// inserts the same rows in the same groups. records/s is the service's speed,
// bare-records/s the other's, ratio what is left of it, and ratio-by-CPU the same
// in CPU time. Load generator, service and database share the machine; the bare
// program has it for itself and the database.
func BenchmarkReplicas(b *testing.B) {
	market := bench.Market{Sellers: 2, Products: 4, Buyers: 1000, Dimensions: 25, Mode: bench.Both}
	text, err := catalog.Format(market.State())
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "catalog.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		b.Run(fmt.Sprintf("replicas=%d", n), func(b *testing.B) {
			c := pgtest.Start(b, map[string]string{"fsync": "on"})
			url := c.Database(b)
			var endpoints []string
			var pids []int
			for _, r := range startReplicas(b, url, file, n) {
				endpoints = append(endpoints, r.api)
				pids = append(pids, r.Process.Pid)
			}
			var report *bench.Report
			ours := c.Measure(func() {
				report, err = bench.Run(b.Context(), bench.Options{
					Endpoint: strings.Join(endpoints, ","), Market: market, Connections: replicaConnections,
					Records: 25, Seed: 1, TargetRecords: int64(b.N) * replicaLap,
				})
			}, pids...)
			if err != nil {
				b.Fatal(err)
			}
			// Retries and contradictions leave no row.
			facts, bare := c.InsertBare(b, url)
			b.ReportMetric(float64(facts)/ours.Time.Seconds(), "records/s")
			b.ReportMetric(report.Latency.P99, "p99-ms")
			b.ReportMetric(float64(facts)/bare.Time.Seconds(), "bare-records/s")
			b.ReportMetric(bare.Time.Seconds()/ours.Time.Seconds(), "ratio")
			b.ReportMetric(bare.CPU.Seconds()/ours.CPU.Seconds(), "ratio-by-CPU")
			b.ReportMetric(0, "ns/op")
		})
	}
}
