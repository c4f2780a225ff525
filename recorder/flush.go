package recorder

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/outbox"
)

// flusher brings what was counted to the outbox. It belongs to one goroutine.
type flusher struct {
	r *Recorder
	// run makes the ids of this recorder's batches differ from all others.
	run string
	// batches is how many there were.
	batches int
	// began is when the usage that now waits in counters began.
	began time.Time
	// waiting are batches that are not known to be durable. They are repeated
	// as they are, under their ids, so that none counts twice.
	waiting []batch
	// refusals is what the current flush gave back to its counters, and unsaved
	// what was refused when it could not be given back any more.
	refusals, unsaved []Usage
}

// batch is what was taken out of counters at the same time.
type batch struct {
	id     outbox.EventID
	events []outbox.Event
	// from is where each event was taken from.
	from []*Counter
}

func newFlusher(r *Recorder) flusher {
	return flusher{r: r, run: rand.Text(), began: r.now()}
}

// run flushes at each interval, each full hour, and when it is asked to.
func (r *Recorder) run(ctx context.Context) {
	defer close(r.done)
	f := &r.flusher
	timer := time.NewTimer(f.pause())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			f.flushAll(ctx)
		case answer := <-r.asked:
			answer <- f.flushAll(ctx)
		}
		timer.Reset(f.pause())
	}
}

// pause is the time until the next flush. Intervals end at full hours, so that
// usage is told for the hour that it was in.
func (f *flusher) pause() time.Duration {
	now := f.r.now()
	return min(f.r.cfg.Interval, now.Truncate(time.Hour).Add(time.Hour).Sub(now))
}

// flushAll flushes, and keeps how that went. An error means that something still
// waits in memory.
func (f *flusher) flushAll(ctx context.Context) error {
	f.refusals = nil
	err := f.flush(ctx, 0)
	if ctx.Err() != nil {
		return ErrClosed // Whoever closes does the rest.
	}
	if err == nil && len(f.refusals) > 0 {
		err = fmt.Errorf("usage of %d counters is not taken by the outbox, the first is %s: %s", len(f.refusals), f.refusals[0], f.refusals[0].Reason)
	}
	f.report(err)
	return err
}

// flush makes durable what waits, and then what was counted since. next is what
// it leaves in the counters.
func (f *flusher) flush(ctx context.Context, next int64) error {
	// What is in the counters is as well off there, as long as its hour runs.
	if err := f.store(ctx); err != nil && next != sealed && outbox.HourOf(f.began) == outbox.HourOf(f.r.now()) {
		return err
	}
	f.gather(next)
	if len(f.waiting) == 0 {
		return f.r.box.probe(ctx)
	}
	return f.store(ctx)
}

// gather takes all that waits in counters.
func (f *flusher) gather(next int64) {
	now := f.r.now()
	began := f.began
	if began.After(now) {
		began = now // The clock was set back.
	}
	f.began = now
	for _, c := range f.r.counters.counters() {
		if next == 0 && c.idle() {
			continue
		}
		n, asked := c.take(next)
		if n == 0 && !asked {
			continue
		}
		for part := range parts(n) {
			f.append(c, outbox.Event{Key: f.r.cfg.key(c.name.customer, c.name.dimension), Quantity: part, Tags: c.tags, Time: began})
		}
	}
}

// parts splits an amount into what events can bring; 0 is one part.
func parts(n int64) func(func(int64) bool) {
	return func(yield func(int64) bool) {
		for {
			part := max(min(n, QuantityMax), -QuantityMax)
			if n -= part; !yield(part) || n == 0 {
				return
			}
		}
	}
}

// append adds an event to the last batch, or to a new one if that is full. Only
// batches that were never tried are appended to.
func (f *flusher) append(c *Counter, e outbox.Event) {
	if n := len(f.waiting); n == 0 || f.waiting[n-1].id != "" || len(f.waiting[n-1].events) == outbox.EventsMax {
		f.waiting = append(f.waiting, batch{})
	}
	b := &f.waiting[len(f.waiting)-1]
	b.events, b.from = append(b.events, e), append(b.from, c)
}

// store brings the waiting batches to the outbox, in their order.
func (f *flusher) store(ctx context.Context) error {
	for len(f.waiting) > 0 {
		b := &f.waiting[0]
		if len(b.events) == 0 { // All of it was refused.
			f.waiting = f.waiting[1:]
			continue
		}
		if b.id == "" {
			f.batches++
			b.id = outbox.EventID(fmt.Sprintf("recorder-%s-%d", f.run, f.batches))
		}
		answers, err := f.r.box.addBatch(ctx, b.id, b.events)
		if err != nil {
			return err
		}
		if !f.refused(b, answers) {
			f.waiting = f.waiting[1:]
		}
	}
	f.waiting = nil
	return nil
}

// refused takes out of a batch what was refused, and gives it back to its
// counter. The outbox took nothing of such a batch.
func (f *flusher) refused(b *batch, answers []outbox.Answer) bool {
	var rest batch
	for i, answer := range answers {
		c, n := b.from[i], b.events[i].Quantity
		if answer.Outcome == outbox.Refused {
			f.giveBack(c, n, answer.Detail)
			continue
		}
		if answer.Outcome == outbox.Accepted {
			c.refusal.Store(nil)
		}
		rest.events, rest.from = append(rest.events, b.events[i]), append(rest.from, c)
	}
	if len(rest.events) == len(b.events) {
		return false
	}
	b.events, b.from = rest.events, rest.from
	return true
}

// giveBack keeps what was refused for another try, whose reason may be gone by
// then: nothing is dropped.
func (f *flusher) giveBack(c *Counter, n int64, reason string) {
	if was := c.refusal.Swap(&reason); was == nil || *was != reason {
		f.r.cfg.Logger.Error("usage is not taken by the outbox and waits in memory", "usage", c.usage(n, "").String(), "reason", reason)
	}
	if !c.giveBack(n) {
		f.unsaved = append(f.unsaved, c.usage(n, reason))
		return
	}
	f.refusals = append(f.refusals, c.usage(n, reason))
	if n == 0 {
		c.asked.Store(true)
	}
}

// flushState is how the flusher is.
type flushState struct {
	// last is when a flush succeeded the last time, err why the last one did
	// not.
	last time.Time
	err  error
}

// report keeps how a flush went, and logs when that changes.
func (f *flusher) report(err error) {
	was := f.r.state.Load()
	is := &flushState{err: err, last: was.last}
	if err == nil {
		is.last = f.r.now()
	}
	switch {
	case err == nil && was.err != nil:
		f.r.cfg.Logger.Info("usage is on the disk again", "last", was.last)
	case err != nil && was.err == nil:
		f.r.cfg.Logger.Error("usage cannot be brought to the disk and waits in memory", "last", was.last, "err", err)
	}
	f.r.state.Store(is)
}

// Flush makes durable all that was added before, and returns when it is.
func (r *Recorder) Flush(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case r.asked <- answer:
	case <-r.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		if err != nil {
			return fmt.Errorf("flushing: %w", err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
