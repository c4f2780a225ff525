package recorder

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Recorder counts usage. It may be used by many goroutines at the same time.
type Recorder struct {
	cfg      Config
	counters *table
	box      *box

	// asked are requests for a flush at once.
	asked chan chan error
	// stop ends the flusher, which closes done.
	stop context.CancelFunc
	done chan struct{}
	// closing is done by the first Close only.
	closing sync.Once
	closed  error

	flusher flusher
	// state is what the flusher last told of itself.
	state atomic.Pointer[flushState]
}

// Open opens a recorder, or makes one if the directory is empty or does not
// exist. What an earlier one has left there is sent. Opening after a crash is no
// different from opening.
func Open(ctx context.Context, cfg Config) (*Recorder, error) {
	cfg, err := cfg.complete(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening recorder: %w", err)
	}
	r := &Recorder{cfg: cfg, counters: newTable(), asked: make(chan chan error), done: make(chan struct{})}
	if r.box, err = openBox(&r.cfg); err != nil {
		return nil, fmt.Errorf("opening recorder: %w", err)
	}
	r.flusher = newFlusher(r)
	r.state.Store(&flushState{last: r.now()})
	running, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.run(running)
	return r, nil
}

// Add counts n of a customer's dimension; [Counter.Add] says how. A counter that
// was used before is found without a lock or an allocation.
func (r *Recorder) Add(ctx context.Context, customer Customer, dimension string, n int64) error {
	c := r.counters.find(&name{customer: customer, dimension: dimension})
	if c == nil {
		var err error
		if c, err = r.Counter(customer, dimension); err != nil {
			return err
		}
	}
	return c.Add(ctx, n)
}

// Counter returns the counter of a customer's dimension, and of tags if usage is
// to be allocated by them. The same names give the same counter.
func (r *Recorder) Counter(customer Customer, dimension string, tags ...Tag) (*Counter, error) {
	n := name{customer: customer, dimension: dimension}
	list := tagsOf(tags)
	if len(list) > 0 {
		n.tags = string(metering.AppendCanonical(nil, []metering.Allocation{{Tags: list}}))
	}
	if c := r.counters.find(&n); c != nil {
		return c, nil
	}
	c, err := r.counters.make(n, func(n name) (*Counter, error) { return r.cfg.counter(n, list) })
	if err != nil {
		return nil, fmt.Errorf("counting %s of %s: %w", dimension, customer, err)
	}
	return c, nil
}

// Meter is a customer, whose dimensions it counts.
type Meter struct {
	recorder *Recorder
	customer Customer
}

// Meter returns the meter of a customer. It costs nothing.
func (r *Recorder) Meter(customer Customer) Meter { return Meter{r, customer} }

// Counter is [Recorder.Counter].
func (m Meter) Counter(dimension string, tags ...Tag) (*Counter, error) {
	return m.recorder.Counter(m.customer, dimension, tags...)
}

// Add is [Recorder.Add].
func (m Meter) Add(ctx context.Context, dimension string, n int64) error {
	return m.recorder.Add(ctx, m.customer, dimension, n)
}

// now is the recorder's time.
func (r *Recorder) now() time.Time { return r.cfg.Now() }
