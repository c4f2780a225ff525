package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// syncBytes is what a sync confirms in the probe: about what the log grows by
// for a single call.
const syncBytes = 1 << 10

// probeSync appends to a file and has the disk confirm it, again and again, and
// returns the median time of one such step: what one durable write costs on
// this disk, whoever makes it.
func probeSync(dir string, length time.Duration) (time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "sync-probe"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block := make([]byte, syncBytes)
	var took []time.Duration
	for begun := time.Now(); time.Since(begun) < length; {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	return median(took), nil
}

// diskBytes is what a directory takes on disk, as du counts: blocks, also
// those that were reserved and not written.
func diskBytes(dir string) (int64, error) {
	out, err := exec.Command("du", "-sk", dir).Output()
	if err != nil {
		return 0, fmt.Errorf("measuring %s: %w", dir, explain(err))
	}
	kib, err := strconv.ParseInt(strings.Fields(string(out))[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("measuring %s: %w", dir, err)
	}
	return kib << 10, nil
}

// median returns the middle value, or the middle between two.
func median[T int64 | float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
