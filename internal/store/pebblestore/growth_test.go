package pebblestore

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// growth and growthWriters are the size of BenchmarkGrowth.
var (
	growth        = flag.Int("growth", 2_000_000, "records that BenchmarkGrowth commits")
	growthWriters = flag.Int("growthwriters", 64, "writers of BenchmarkGrowth")
)

const (
	growthBatch = 25
	// growthHours are the hours of the window; the records come in their order.
	growthHours = 24
	// growthEntry is the size of a call's entry.
	growthEntry = 160
)

// BenchmarkGrowth commits many records of one day, one in 20 for the second
// time, and reports how the store fares as it grows: records per second and
// processor time, the last tenth compared with the first, memory, disk, and how
// long an opening takes after a kill. Hours come in order as in life, or all of
// them are written all the time. Run it with -benchtime 1x.
func BenchmarkGrowth(b *testing.B) {
	for _, order := range []string{"in-order", "at-random"} {
		b.Run("hours="+order, func(b *testing.B) {
			for b.Loop() {
				benchmarkGrowth(b, order == "in-order")
			}
		})
	}
}

func benchmarkGrowth(b *testing.B, inOrder bool) {
	dir := filepath.Join(b.TempDir(), "ledger")
	s, err := Open(dir, Config{})
	if err != nil {
		b.Fatal(err)
	}
	before, started := processorTime(b), time.Now()
	tenths, latencies := grow(b, s, *growth, inOrder)
	took := time.Since(started)
	b.ReportMetric(float64(latencies[len(latencies)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(latencies[len(latencies)*99/100])/1e6, "p99-ms")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(*growth)/took.Seconds(), "records/s")
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(*growth), "cpu-ns/record")
	b.ReportMetric(float64(tenths[1].Sub(tenths[0]))/float64(tenths[10].Sub(tenths[9])), "last/first")
	b.ReportMetric(float64(residentBytes(b))/1e6, "RSS-MB")
	debug.FreeOSMemory()
	b.ReportMetric(float64(residentBytes(b))/1e6, "idle-RSS-MB")
	b.ReportMetric(float64(s.Stats().Bytes)/float64(*growth), "disk-B/record")

	// A copy has what a killed process would leave behind.
	killed := dir + "-killed"
	if err := errors.Join(s.Checkpoint(context.Background(), killed), s.Close()); err != nil {
		b.Fatal(err)
	}
	started = time.Now()
	if s, err = Open(killed, Config{}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(started).Seconds(), "s/restart")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// grow commits n records. It returns when each tenth of them was done, and how
// long the commits took, in ascending order.
func grow(b *testing.B, s *Store, n int, inOrder bool) (tenths [11]time.Time, latencies []time.Duration) {
	calls := n / growthBatch
	latencies = make([]time.Duration, calls)
	var next atomic.Int64
	var wg sync.WaitGroup
	tenths[0] = time.Now()
	for range *growthWriters {
		wg.Go(func() {
			r := &store.Request{Facts: make([]store.Fact, growthBatch), Call: make([]byte, growthEntry)}
			for {
				i := int(next.Add(1)) - 1
				if i >= calls {
					return
				}
				fillGrowth(r, i, calls, inOrder)
				started := time.Now()
				if err := s.Commit(context.Background(), r); err != nil {
					b.Error(err)
					return
				}
				latencies[i] = time.Since(started)
				if (i+1)%(calls/10) == 0 {
					tenths[(i+1)/(calls/10)] = time.Now()
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(latencies)
	return tenths, latencies
}

// fillGrowth makes r the i-th of n requests; each 20th is the one before it.
func fillGrowth(r *store.Request, i, n int, inOrder bool) {
	if i%20 == 19 {
		i--
	}
	hour := store.Hour(testNow / hourMillis)
	r.At = testNow
	if inOrder {
		hour += store.Hour(i * growthHours / n)
		r.At = int64(hour)*hourMillis + int64(i%3_000_000)
	} else {
		hour += store.Hour(i % growthHours)
	}
	for k := range r.Facts {
		buyer := uint32(i*growthBatch + k)
		// Buyers come in no order: an odd factor permutes them.
		buyer = buyer * 2654435761 >> 8
		r.Facts[k] = store.Fact{
			Key: store.Key{
				Kind: store.UsageByLicense, Hour: hour, Scope: 1, Subject: store.NameID(2 + i%50),
				Party: store.NameID(buyer), Dimension: store.NameID(60 + k%3),
			},
			Quantity:  int64(buyer % 1000),
			Timestamp: int64(hour)*hourMillis + int64(buyer%3600)*1000,
		}
	}
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// residentBytes is the memory that the process has now.
func residentBytes(b *testing.B) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Logf("no figure for the memory: %v", err)
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes * 1024
}
