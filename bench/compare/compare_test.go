package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/bench"
)

func TestProcessTime(t *testing.T) {
	tests := []struct {
		stat string
		want time.Duration
		ok   bool
	}{
		{"4711 (meterd) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0", 2 * time.Second, true},
		{"4711 (a (b) c d) S 1 2 3 4 5 6 7 8 9 10 1 2 0 0 20 0", 30 * time.Millisecond, true},
		{"4711 (meterd) S 1 2 3", 0, false},
		{"", 0, false},
	}
	for _, test := range tests {
		if got, ok := processTime(test.stat); got != test.want || ok != test.ok {
			t.Errorf("%q: %s %v, want %s %v", test.stat, got, ok, test.want, test.ok)
		}
	}
}

func TestMachineTime(t *testing.T) {
	tests := []struct {
		stat string
		want time.Duration
		ok   bool
	}{
		{"cpu  100 20 30 9999 8888 1 2 3 0 0\ncpu0 50 1 1\n", 1560 * time.Millisecond, true},
		{"intr 1 2 3 4 5 6 7 8 9\n", 0, false},
		{"", 0, false},
	}
	for _, test := range tests {
		if got, ok := machineTime(test.stat); got != test.want || ok != test.ok {
			t.Errorf("%q: %s %v, want %s %v", test.stat, got, ok, test.want, test.ok)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 9, 2}, 3}} {
		if got := median(test.values); got != test.want {
			t.Errorf("the median of %v is %v, want %v", test.values, got, test.want)
		}
	}
}

// pairOf is a pair with these records per second.
func pairOf(connections int, ceiling, service, p99 float64) pair {
	p := pair{connections: connections}
	p.ceiling.RecordsPerSecond, p.service.RecordsPerSecond, p.service.Latency.P99 = ceiling, service, p99
	return p
}

// TestTargets has each target met on its edge, and missed right beyond it.
func TestTargets(t *testing.T) {
	verdicts := func(service64, p99, service256, call, last float64, memory, outside, disk int64, restart time.Duration) string {
		c := comparison{
			connections: []int{64, 256},
			pairs:       []pair{pairOf(64, 1000, service64, p99), pairOf(256, 1000, service256, 0)},
			single:      single{call: time.Duration(call * float64(time.Millisecond)), sync: time.Millisecond},
			long: &long{
				sample:  sample{Report: bench.Report{FirstTenth: 100, LastTenth: last}, resident: memory << 20},
				footing: footing{records: 1, disk: disk, restart: restart, crash: restart},
				outside: outside << 20,
			},
		}
		var words []string
		for _, target := range c.targets() {
			words = append(words, target.row()[3])
		}
		return strings.Join(words, " ")
	}
	all := func(word string) string { return strings.TrimSpace(strings.Repeat(word+" ", 11)) }
	if got := verdicts(420, 15, 480, 1.3, 85, 500, 200, 90, 2*time.Second); got != all("met") {
		t.Errorf("on the edge: %s", got)
	}
	if got := verdicts(360, 15.01, 479, 1.31, 84.9, 501, 201, 91, 2001*time.Millisecond); got != all("MISSED") {
		t.Errorf("beyond the edge: %s", got)
	}
}

// TestCompare runs all of it, for as short as it goes.
func TestCompare(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "meterd")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/meterd").CombinedOutput(); err != nil {
		t.Fatalf("building the binary: %v\n%s", err, out)
	}
	var out, progress strings.Builder
	err := run(t.Context(), []string{
		"-meterd", binary, "-dir", t.TempDir(), "-connections", "2,64", "-rounds", "1", "-duration", "200ms", "-buyers", "200", "-records", "5000",
	}, &out, &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, want := range []string{"ceiling", "service", "long run", "part of the ceiling at 64", "one MeterUsage", "restart after kill -9", "disk per record"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	t.Log(out.String())
}
