package recorder

import (
	"context"
	"errors"
	"fmt"
)

// Close makes everything durable that was added, and closes the recorder. What
// is added from then on is refused with ErrClosed; nothing that Add took is lost
// in between. While the disk takes nothing Close waits for it, until ctx is over,
// and then returns an [*UnsavedError] that names what would be lost.
//
// Usage of the current hour is not sent: its hour is not over. It is on the
// disk, and sent by the next recorder that opens the directory.
func (r *Recorder) Close(ctx context.Context) error {
	first := false
	r.closing.Do(func() {
		first = true
		r.closed = r.close(ctx)
	})
	if !first {
		return ErrClosed
	}
	return r.closed
}

func (r *Recorder) close(ctx context.Context) error {
	r.stop()
	<-r.done
	r.counters.close()
	unsaved := r.drain(ctx)
	return errors.Join(unsaved, r.box.close())
}

// drain seals all counters and brings what they held to the disk.
func (r *Recorder) drain(ctx context.Context) error {
	f := &r.flusher
	// The first attempt waits for nothing but the disk, also when ctx is over.
	err := f.flush(context.WithoutCancel(ctx), sealed)
	for err != nil && every(ctx, r.cfg.Interval) {
		f.report(err)
		err = f.flush(ctx, sealed)
	}
	lost := f.unsaved
	for _, b := range f.waiting {
		for i, c := range b.from {
			lost = append(lost, c.usage(b.events[i].Quantity, fmt.Sprint(err)))
		}
	}
	if len(lost) == 0 {
		return err
	}
	if err == nil {
		err = errors.New(lost[0].Reason)
	}
	for _, u := range lost {
		r.cfg.Logger.Error("usage is lost", "usage", u.String(), "reason", u.Reason)
	}
	return &UnsavedError{Usage: lost, Err: err}
}

func (b *box) close() error {
	if err := b.now.Load().close(); err != nil {
		return fmt.Errorf("closing recorder: %w", err)
	}
	return nil
}

// CloseCustomer tells at once what was counted of a customer, without waiting
// for the hour's end: for the hour that is left after a cancellation. Nothing is
// closed for the future; what is counted later counts in the next hour, and
// wants another CloseCustomer. It returns when the records are on the disk; they
// are sent in the background.
func (r *Recorder) CloseCustomer(ctx context.Context, customer Customer) error {
	if err := r.Flush(ctx); err != nil {
		return err
	}
	w := r.box.now.Load()
	frozen, err := w.CloseCustomer(ctx, "", customer.told(), r.now())
	if err != nil {
		return fmt.Errorf("closing customer %s: %w", customer, err)
	}
	if frozen > 0 {
		w.sender.Kick()
	}
	return nil
}
