package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/meterd/meterd/api"
)

// Options say what to run. Endpoint, Market, Connections and Records must be
// given, and Duration or TargetRecords.
type Options struct {
	// Endpoint is where the service is, as http://host:port. The connections
	// are spread over several that share a ledger, with commas between them.
	Endpoint string
	// Market is the one that the service was given.
	Market Market
	// Operation is BatchMeterUsage, which is also the default, or MeterUsage.
	Operation api.Operation
	// Connections each have one request under way.
	Connections int
	// Records is how many a batch has.
	Records int
	// Duration ends the run; 0 or more than DurationMax: after DurationMax.
	Duration time.Duration
	// TargetRecords ends the run once so many were sent; 0: it does not.
	TargetRecords int64
	// Seed chooses the order of records and of the mix.
	Seed uint64
	// Clock is where the service's clock stands; zero: where this machine's
	// does.
	Clock time.Time
	// OnProgress is told of the progress ten times a second; may be nil.
	OnProgress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Elapsed time.Duration
	Records int64
	// Done is the part of the run that is over, from 0 to 1.
	Done float64
}

// ErrWrong is returned with the report of a run in which something was not
// answered as it must be.
var ErrWrong = errors.New("not everything was answered as it must be")

// Run loads the service until the options say that it is enough, or ctx is
// over. What is under way then is waited for. If there is a report, it is
// returned also with an error.
func Run(ctx context.Context, o Options) (*Report, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if o.Clock.IsZero() {
		o.Clock = now
	}
	p, err := newPlan(o, o.Clock)
	if err != nil {
		return nil, err
	}
	workers := make([]*worker, o.Connections)
	for i := range workers {
		if workers[i], err = newWorker(p, i, now.Add(o.Duration+answerMax), o.Clock.Sub(now)); err != nil {
			return nil, err
		}
		defer workers[i].conn.Close()
	}
	r := run{Options: o, workers: workers}
	r.stop.limited = o.TargetRecords > 0
	r.stop.left.Store(o.TargetRecords)
	r.work(ctx)
	return r.report()
}

func (o Options) checked() (Options, error) {
	if o.Operation == "" {
		o.Operation = api.BatchMeterUsage
	}
	if o.Operation == api.MeterUsage {
		o.Records = 1
	}
	if o.Duration == 0 || o.Duration > DurationMax {
		o.Duration = DurationMax
	}
	switch {
	case o.Operation != api.BatchMeterUsage && o.Operation != api.MeterUsage:
		return o, fmt.Errorf("operation %q is not BatchMeterUsage or MeterUsage", o.Operation)
	case o.Connections < 1 || o.Connections > ConnectionsMax:
		return o, fmt.Errorf("%d connections: there must be 1 to %d", o.Connections, ConnectionsMax)
	case o.Records < 1 || o.Records > api.RecordsMax:
		return o, fmt.Errorf("%d records in a batch: there must be 1 to %d", o.Records, api.RecordsMax)
	case o.Duration < 0 || o.TargetRecords < 0:
		return o, fmt.Errorf("the end of a run cannot lie before its beginning")
	}
	return o, o.Market.Check()
}

// run is a run that goes on.
type run struct {
	Options
	workers []*worker
	stop    stopper

	start   time.Time
	elapsed time.Duration
	pace    pace
}

// work runs the workers to their end.
func (r *run) work(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.Duration)
	defer cancel()
	context.AfterFunc(ctx, func() { r.stop.now(nil) })
	watched := make(chan struct{})
	finished := make(chan struct{})
	var busy sync.WaitGroup
	r.start = time.Now()
	go func() {
		defer close(watched)
		r.watch(finished)
	}()
	for _, w := range r.workers {
		busy.Go(func() { w.run(&r.stop, int64(r.Records)) })
	}
	busy.Wait()
	r.elapsed = time.Since(r.start)
	close(finished)
	<-watched
	r.pace = append(r.pace, mark{r.elapsed, r.decided()})
}

// watch keeps the pace until the run is finished.
func (r *run) watch(finished <-chan struct{}) {
	tick := time.NewTicker(paceInterval)
	defer tick.Stop()
	for {
		select {
		case <-finished:
			return
		case <-tick.C:
		}
		m := mark{time.Since(r.start), r.decided()}
		r.pace = append(r.pace, m)
		if r.OnProgress != nil {
			done := m.at.Seconds() / r.Duration.Seconds()
			if r.TargetRecords > 0 {
				done = max(done, float64(m.records)/float64(r.TargetRecords))
			}
			r.OnProgress(Progress{m.at, m.records, min(done, 1)})
		}
	}
}

func (r *run) decided() (n int64) {
	for _, w := range r.workers {
		n += w.decided.Load()
	}
	return n
}
