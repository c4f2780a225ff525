package main

import (
	"context"
	"os"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"time"
)

// tendHeap lets the heap grow to about heapGoal between two collections, however
// much of it is alive. In proportion, as Go does by itself, a small ledger would
// be collected ten times a second under load, and a large one take twice the
// memory that it needs. Whoever has set GOGC or GOMEMLIMIT knows better.
func tendHeap(ctx context.Context) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	live := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(heapTended)
	defer tick.Stop()
	for percent := 0; ; {
		runtimemetrics.Read(live)
		// Each change stops everybody for a moment.
		if want := growthPercent(live[0].Value.Uint64()); want < percent*9/10 || want > percent*11/10 {
			percent = want
			debug.SetGCPercent(percent)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// growthPercent is what a heap with so many bytes alive may grow by.
func growthPercent(live uint64) int {
	percent := 100 * (heapGoal - int64(live)) / max(int64(live), 1)
	return int(min(max(percent, heapPercentMin), heapPercentMax))
}
