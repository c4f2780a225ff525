package main

import "fmt"

// target is one thing that was promised, and what was measured of it.
type target struct {
	what           string
	wanted, actual float64
	// atMost says that less is better.
	atMost bool
	format string
}

func (t target) met() bool {
	if t.atMost {
		return t.actual <= t.wanted
	}
	return t.actual >= t.wanted
}

func (t target) row() []string {
	sign, verdict := "≥", "MISSED"
	if t.atMost {
		sign = "≤"
	}
	if t.met() {
		verdict = "met"
	}
	return []string{t.what, sign + " " + fmt.Sprintf(t.format, t.wanted), fmt.Sprintf(t.format, t.actual), verdict}
}

const (
	ratioAt64  = 0.42
	ratioAt256 = 0.48
	// recordsPerSecond is wanted where the ceiling does ceilingPerSecond.
	recordsPerSecond = 330_000
	ceilingPerSecond = 900_000

	p99At64        = 15.0 // milliseconds
	callPerSync    = 1.3
	lastPerFirst   = 0.85
	residentMiB    = 500
	outsideMiB     = 200
	diskPerRecord  = 90
	restartSeconds = 2
)

// targets lists what this comparison can say something about. Those on memory,
// disk and restart are promised for 20 million records; with fewer they are met
// more easily, so the rows say how many there were.
func (c *comparison) targets() []target {
	var list []target
	for _, connections := range c.connections {
		ratio := median(c.each(connections, pair.ratio))
		switch connections {
		case 64:
			list = append(list,
				target{"part of the ceiling at 64 connections", ratioAt64, ratio, false, "%.2f"},
				target{"records/s at 64, for a ceiling of 900,000", recordsPerSecond, ratio * ceilingPerSecond, false, "%.0f"},
				target{"p99 at 64 connections, ms", p99At64, median(c.each(64, func(p pair) float64 { return p.service.Latency.P99 })), true, "%.1f"},
			)
		case 256:
			list = append(list, target{"part of the ceiling at 256 connections", ratioAt256, ratio, false, "%.2f"})
		}
	}
	if c.single.sync > 0 {
		list = append(list, target{"one MeterUsage, in syncs of the disk", callPerSync, c.single.call.Seconds() / c.single.sync.Seconds(), true, "%.2f"})
	}
	if l := c.long; l != nil {
		list = append(list,
			target{"last tenth of the records, in parts of the first", lastPerFirst, l.LastTenth / l.FirstTenth, false, "%.2f"},
			target{fmt.Sprintf("memory with %d records in the window, MiB", l.Records), residentMiB, mebibytes(l.resident), true, "%.0f"},
			target{fmt.Sprintf("memory with %d records outside the window, MiB", l.Records), outsideMiB, mebibytes(l.outside), true, "%.0f"},
			target{fmt.Sprintf("disk per record of %d, bytes", l.Records), diskPerRecord, l.footing.perRecord(), true, "%.0f"},
			target{fmt.Sprintf("restart in order with %d records, s", l.Records), restartSeconds, l.restart.Seconds(), true, "%.1f"},
			target{fmt.Sprintf("restart after kill -9 with %d records, s", l.Records), restartSeconds, l.crash.Seconds(), true, "%.1f"},
		)
	}
	return list
}

// each asks all pairs at a number of connections.
func (c *comparison) each(connections int, ask func(pair) float64) (values []float64) {
	for _, p := range c.pairs {
		if p.connections == connections {
			values = append(values, ask(p))
		}
	}
	return values
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

func (f footing) perRecord() float64 {
	if f.records == 0 {
		return 0
	}
	return float64(f.disk) / float64(f.records)
}
