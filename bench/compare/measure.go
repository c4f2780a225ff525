package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/meterd/meterd/bench"
)

// sample is one run against one server.
type sample struct {
	bench.Report
	// cpu is what the server used for a request, generator what the generator
	// did; others is the part of the machine that neither of them used. cpu and
	// others are -1 if unknown.
	cpu, generator time.Duration
	others         float64
	// resident is the server's memory at the end.
	resident int64
}

// pair is a run against the ceiling and the run against the service right
// after it.
type pair struct {
	connections      int
	ceiling, service sample
}

func (p pair) ratio() float64 { return p.service.RecordsPerSecond / p.ceiling.RecordsPerSecond }

// ratioByCPU is what the ratio would be if nobody else used the machine and
// neither side ever waited: that of the CPU times for a request.
func (p pair) ratioByCPU() float64 {
	if p.ceiling.cpu < 0 || p.service.cpu < 0 {
		return math.NaN()
	}
	return float64(p.ceiling.cpu+p.ceiling.generator) / float64(p.service.cpu+p.service.generator)
}

// footing is what the ledger of the last pair takes.
type footing struct {
	records        int64
	disk           int64
	restart, crash time.Duration
}

func (c *comparison) measurePair(ctx context.Context, connections int) error {
	p := pair{connections: connections}
	length := []string{"--duration", c.duration.String()}
	s, err := c.startCeiling(ctx)
	if err != nil {
		return err
	}
	p.ceiling, err = c.sample(ctx, s, connections, length...)
	if err := errors.Join(err, s.stop()); err != nil {
		return fmt.Errorf("measuring the ceiling: %w", err)
	}
	data := c.ledger("pair")
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	if s, err = c.startService(ctx, data, clock); err != nil {
		return err
	}
	p.service, err = c.sample(ctx, s, connections, length...)
	if err := errors.Join(err, s.kill()); err != nil {
		return fmt.Errorf("measuring the service: %w", err)
	}
	c.pairs = append(c.pairs, p)
	c.footing, err = c.measureFooting(ctx, data, p.service.Verdicts.Created)
	return err
}

// sample runs the generator and watches the server meanwhile.
func (c *comparison) sample(ctx context.Context, s *server, connections int, args ...string) (sample, error) {
	before, start := readBusy(s.Process.Pid), time.Now()
	report, generator, err := c.generate(ctx, s, connections, args...)
	if err != nil {
		return sample{}, err
	}
	after, elapsed := readBusy(s.Process.Pid), time.Since(start)
	m := sample{Report: report, cpu: -1, others: -1, resident: residentBytes(s.Process.Pid)}
	generating := generator.UserTime() + generator.SystemTime()
	m.generator = generating / time.Duration(max(1, report.Requests))
	if before.known && after.known {
		used := after.process - before.process
		m.cpu = used / time.Duration(max(1, report.Requests))
		other := after.all - before.all - used - generating
		m.others = max(0, other.Seconds()/elapsed.Seconds()/float64(runtime.NumCPU()))
	}
	return m, nil
}

// measureFooting opens a ledger whose service was killed, ends it in order, and
// opens it again.
func (c *comparison) measureFooting(ctx context.Context, data string, records int64) (footing, error) {
	f := footing{records: records}
	s, err := c.startService(ctx, data, clock)
	if err != nil {
		return f, err
	}
	f.crash = s.ready
	if err := s.stop(); err != nil {
		return f, err
	}
	if f.disk, err = diskBytes(data); err != nil {
		return f, err
	}
	if s, err = c.startService(ctx, data, clock); err != nil {
		return f, err
	}
	f.restart = s.ready
	return f, s.stop()
}

// single is the median time of calls one after the other on one connection:
// of a MeterUsage, of a call to the ceiling with one record, which is what HTTP
// and signature cost, and of one write that the disk confirms.
type single struct{ call, bare, sync time.Duration }

const (
	singleRounds = 3
	// singleParts is how much shorter than others each of its runs is: there
	// are only so many records that instances can tell.
	singleParts = 5
)

func (c *comparison) measureSingle(ctx context.Context) error {
	var calls, bares, syncs []time.Duration
	for round := range singleRounds {
		sync, err := probeSync(c.dir, c.duration/singleParts)
		if err != nil {
			return err
		}
		ceiling, err := c.startCeiling(ctx)
		if err != nil {
			return err
		}
		bare, err := c.measureOne(ctx, ceiling, "--records", "1")
		if err != nil {
			return err
		}
		service, err := c.startService(ctx, c.ledger("single"+strconv.Itoa(round)), clock)
		if err != nil {
			return err
		}
		call, err := c.measureOne(ctx, service, "--operation", "MeterUsage")
		if err != nil {
			return err
		}
		calls, bares, syncs = append(calls, call), append(bares, bare), append(syncs, sync)
	}
	c.single = single{median(calls), median(bares), median(syncs)}
	return nil
}

// measureOne calls a server on one connection, and stops it.
func (c *comparison) measureOne(ctx context.Context, s *server, args ...string) (time.Duration, error) {
	args = append(args, "--duration", (c.duration / singleParts).String())
	report, _, err := c.generate(ctx, s, 1, args...)
	return time.Duration(report.Latency.P50 * float64(time.Millisecond)), errors.Join(err, s.stop())
}

// long is a run over many records.
type long struct {
	sample
	footing
	// outside is the memory of a service that opens the ledger when nothing in
	// it can be told any more.
	outside int64
}

const longConnections = 256

func (c *comparison) measureLong(ctx context.Context) error {
	data := c.ledger("long")
	s, err := c.startService(ctx, data, clock)
	if err != nil {
		return err
	}
	c.long = new(long)
	c.long.sample, err = c.sample(ctx, s, longConnections, "--target-records", strconv.FormatInt(c.records, 10))
	if err := errors.Join(err, s.kill()); err != nil {
		return err
	}
	if c.long.footing, err = c.measureFooting(ctx, data, c.long.Verdicts.Created); err != nil {
		return err
	}
	if s, err = c.startService(ctx, data, dayAfter); err != nil {
		return err
	}
	c.long.outside = residentBytes(s.Process.Pid)
	return s.stop()
}
