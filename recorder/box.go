package recorder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/sender"
)

// box is the outbox and what sends from it. Both are replaced when the disk has
// refused a write: an outbox then has to be opened again, which finds out what
// became of that write.
type box struct {
	cfg *Config
	now atomic.Pointer[working]
}

// working is an open outbox with its goroutines.
type working struct {
	*outbox.Outbox
	sender *sender.Sender
	stop   context.CancelFunc
	wait   sync.WaitGroup
}

func openBox(cfg *Config) (*box, error) {
	b := &box{cfg: cfg}
	return b, b.open()
}

func (b *box) open() error {
	o, err := outbox.Open(b.cfg.Dir, b.cfg.outbox())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &working{Outbox: o, stop: stop}
	w.sender = sender.New(sender.Config{
		Outbox: o, Client: b.cfg.Client, Logger: b.cfg.Logger,
		Now: func() (time.Time, bool) { return b.cfg.Now(), true },
	})
	w.wait.Go(func() { w.sender.Run(ctx) })
	w.wait.Go(func() { w.turn(ctx, b.cfg) })
	w.wait.Go(func() { w.forget(ctx, b.cfg) })
	b.now.Store(w)
	return nil
}

// close ends the goroutines, and what they are sending, and closes the outbox.
func (w *working) close() error {
	w.stop()
	w.wait.Wait()
	return w.Outbox.Close()
}

// turn freezes hours that are over and has them sent, and gives up what nobody
// can be told any more.
func (w *working) turn(ctx context.Context, cfg *Config) {
	troubled := false
	for every(ctx, turnEvery) {
		frozen, err := w.Freeze(ctx, cfg.Now(), settleFor)
		if frozen > 0 {
			w.sender.Kick()
		}
		expired := 0
		if err == nil {
			expired, err = w.Expire(ctx, cfg.Now())
		}
		if expired > 0 {
			cfg.Logger.Error("records could not be sent in time and are dead letters", "records", expired)
		}
		if err != nil && !troubled && ctx.Err() == nil {
			cfg.Logger.Error("hours that are over cannot be frozen", "err", err)
		}
		troubled = err != nil
	}
}

// forget drops what need not be kept any more, once a day and at the start, for
// a program may never run for a day.
func (w *working) forget(ctx context.Context, cfg *Config) {
	for again := true; again; again = every(ctx, forgetEvery) {
		if _, err := w.Forget(ctx, cfg.Now()); err != nil && ctx.Err() == nil {
			cfg.Logger.Error("old usage cannot be dropped from the disk", "err", err)
		}
	}
}

// every waits for d, and reports whether to go on.
func every(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// reopen opens the outbox again. Only the flusher may call it.
func (b *box) reopen() error {
	// An outbox that has stopped may complain about being closed as well.
	if err := b.now.Load().close(); err != nil && !errors.Is(err, outbox.ErrClosed) {
		b.cfg.Logger.Warn("closing an outbox that has stopped", "err", err)
	}
	if err := b.open(); err != nil {
		return err
	}
	b.cfg.Logger.Info("the outbox was opened again after the disk refused a write")
	return nil
}

// stopped reports whether an error means that the outbox takes nothing until it
// is opened again.
func stopped(err error) bool {
	return errors.Is(err, outbox.ErrStopped) || errors.Is(err, outbox.ErrUnknownOutcome) || errors.Is(err, outbox.ErrClosed)
}

// addBatch brings a batch to the disk. If the outbox has stopped it is opened
// again, and the batch repeated under its id.
func (b *box) addBatch(ctx context.Context, id outbox.EventID, events []outbox.Event) ([]outbox.Answer, error) {
	answers, err := b.now.Load().AddBatch(ctx, id, events, b.cfg.Now())
	if !stopped(err) {
		return answers, err
	}
	if again := b.reopen(); again != nil {
		return nil, fmt.Errorf("%w; and again: %w", err, again)
	}
	return b.now.Load().AddBatch(ctx, id, events, b.cfg.Now())
}

// probe finds out whether the outbox takes anything, and opens it again if it
// has stopped.
func (b *box) probe(ctx context.Context) error {
	_, err := b.now.Load().Add(ctx, nil, b.cfg.Now())
	if stopped(err) {
		return b.reopen()
	}
	return err
}
