package bench

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/meterd/meterd/api"
)

// load makes the requests of one connection and judges their answers.
type load interface {
	// next returns the next request, or nil if there is no record left that
	// was never told.
	next(now time.Time) []byte
	// judge compares the answer to the last request with what must follow.
	judge(body []byte) (Verdicts, error)
}

// worker keeps one connection busy.
type worker struct {
	conn *conn
	load load
	// shift is how far the service's clock is ahead of this machine's.
	shift time.Duration

	latency  histogram
	requests int64
	// decided is read while the worker runs.
	decided  atomic.Int64
	verdicts Verdicts
	troubles []error
	failures int64
}

func newWorker(p *plan, number int, until time.Time, shift time.Duration) (*worker, error) {
	c, err := dial(p.addresses[number%len(p.addresses)], until)
	if err != nil {
		return nil, err
	}
	w := &worker{conn: c, shift: shift}
	if p.Operation == api.MeterUsage {
		w.load = newMeterLoad(p, number)
	} else {
		w.load = newBatchLoad(p, number)
	}
	return w, nil
}

// run sends one request after the other until told to stop, and tells the
// others to stop if it cannot go on.
func (w *worker) run(stop *stopper, perRequest int64) {
	for stop.take(perRequest) {
		request := w.load.next(time.Now().Add(w.shift))
		if request == nil {
			stop.now(&stop.exhausted)
			return
		}
		sent := time.Now()
		a, err := w.conn.exchange(request)
		if err != nil {
			w.trouble(err)
			stop.now(&stop.broken)
			return
		}
		w.latency.add(time.Since(sent))
		w.requests++
		w.judge(a, perRequest)
	}
}

func (w *worker) judge(a answer, perRequest int64) {
	if a.status != http.StatusOK {
		w.verdicts.Unexpected += perRequest
		w.trouble(fmt.Errorf("status %d: %.*s", a.status, shownBytesMax, a.body))
		return
	}
	verdicts, err := w.load.judge(a.body)
	w.verdicts.add(verdicts)
	w.decided.Add(verdicts.Total())
	if err != nil {
		w.trouble(err)
	}
}

func (w *worker) trouble(err error) {
	w.failures++
	if len(w.troubles) < troublesMax {
		w.troubles = append(w.troubles, err)
	}
}

// stopper ends a run for all workers.
type stopper struct {
	stopped atomic.Bool
	// left is how many records may still be sent, if limited.
	limited bool
	left    atomic.Int64
	// exhausted and broken say why the run ended early.
	exhausted, broken atomic.Bool
}

// take asks for leave to send a request.
func (s *stopper) take(records int64) bool {
	if s.stopped.Load() {
		return false
	}
	return !s.limited || s.left.Add(-records) >= 0
}

func (s *stopper) now(why *atomic.Bool) {
	if why != nil {
		why.Store(true)
	}
	s.stopped.Store(true)
}
