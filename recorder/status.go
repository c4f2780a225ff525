package recorder

import (
	"context"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/outbox"
)

// Status is how a recorder is. Watch FlushError, Refused, Troubles and
// DeadLetters: each needs a person sooner or later, and none of them loses
// anything by itself.
type Status struct {
	// Counters counts against CountersMax.
	Counters int
	// FlushedAt is when what was counted before was durable the last time.
	FlushedAt time.Time
	// FlushError is why the last flush failed, empty if it did not. Until one
	// succeeds, a killed process would lose what was counted since FlushedAt.
	FlushError string
	// Refused is usage that the outbox does not take, and why. It waits in
	// memory and is tried again at each flush.
	Refused []Usage

	// OpenHours are hours of counters that are on the disk and not sent, because
	// they are not over.
	OpenHours int
	// Pending are records that are to be sent, and NextDeadline is when the
	// first of them cannot be told any more; zero if nothing is pending.
	Pending      int64
	NextDeadline time.Time
	// DeadLetters are records that the service refused or that came too late.
	DeadLetters int64
	// Troubles say why records are not sent at the moment.
	Troubles []string
	// DiskBytes is the size of the directory.
	DiskBytes uint64
}

// Status tells how the recorder is. It looks at every counter: ask every few
// seconds, not with every request.
func (r *Recorder) Status(ctx context.Context) (Status, error) {
	w := r.box.now.Load()
	stats, err := w.Stats(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("asking for status: %w", r.closedOr(err))
	}
	counters, flushed := r.counters.counters(), r.state.Load()
	s := Status{
		Counters: len(counters), FlushedAt: flushed.last,
		OpenHours: stats.OpenHours, Pending: stats.Pending, NextDeadline: stats.NextDeadline, DeadLetters: stats.Dead, DiskBytes: stats.DiskBytes,
	}
	if flushed.err != nil {
		s.FlushError = flushed.err.Error()
	}
	for _, c := range counters {
		if reason := c.refusal.Load(); reason != nil && !c.idle() {
			s.Refused = append(s.Refused, c.usage(c.pending.Load(), *reason))
		}
	}
	for _, t := range w.sender.Troubles() {
		s.Troubles = append(s.Troubles, t.Err.Error())
	}
	return s, nil
}

// closedOr is ErrClosed if the recorder is closed, and else err.
func (r *Recorder) closedOr(err error) error {
	select {
	case <-r.done:
		return ErrClosed
	default:
	}
	if stopped(err) {
		return fmt.Errorf("%w: %w", ErrUnsure, err)
	}
	return err
}

// DeadLetter is a record that was not billed and will not be unless a person
// acts: the service refused it, or nobody could send it in time.
type DeadLetter struct {
	// ID names it to Resend, CarryOn and Discard.
	ID string
	// Usage is what was to be billed, with the reason in plain words.
	Usage
	// Hour is the beginning of the hour that it was used in.
	Hour time.Time
	// Cause is the service's word for it, or "expired".
	Cause string
	// Deadline is until when the service would take it.
	Deadline time.Time
	// Attempts is how often it was sent. If that is more than 0 and no answer
	// came, the service may have billed it: compare before carrying it on.
	Attempts int
}

// DeadLetters returns all dead letters, oldest hour first.
func (r *Recorder) DeadLetters(ctx context.Context) (list []DeadLetter, err error) {
	for record, err := range r.box.now.Load().DeadLetters(ctx) {
		if err != nil {
			return nil, fmt.Errorf("asking for dead letters: %w", r.closedOr(err))
		}
		list = append(list, deadLetterOf(&record))
	}
	return list, nil
}

func deadLetterOf(r *outbox.Record) DeadLetter {
	return DeadLetter{
		ID: r.ID.String(), Hour: r.ID.Hour.Start(), Cause: string(r.Fate.Cause), Deadline: r.Deadline, Attempts: r.Fate.Attempts,
		Usage: Usage{Customer: customerOf(r.Key.Customer), Dimension: string(r.Key.Dimension), Quantity: r.Quantity, Reason: r.Fate.Detail},
	}
}

// Resend sends a dead letter again, as it was: when what the service refused it
// for was removed in time. Who decided that, and why, is kept for ever.
func (r *Recorder) Resend(ctx context.Context, id, who, why string) error {
	return r.act(ctx, id, who, why, (*outbox.Outbox).Resend)
}

// CarryOn bills a dead letter with the next hour of the same customer and
// dimension. Never do that with one that the service may have billed.
func (r *Recorder) CarryOn(ctx context.Context, id, who, why string) error {
	return r.act(ctx, id, who, why, (*outbox.Outbox).CarryOn)
}

// Discard gives a dead letter up: it is not billed.
func (r *Recorder) Discard(ctx context.Context, id, who, why string) error {
	return r.act(ctx, id, who, why, (*outbox.Outbox).Discard)
}

type action func(o *outbox.Outbox, ctx context.Context, id outbox.RecordID, who, why string, now time.Time) error

func (r *Recorder) act(ctx context.Context, id, who, why string, do action) error {
	record, err := outbox.ParseRecordID(id)
	if err != nil {
		return err
	}
	w := r.box.now.Load()
	if err := do(w.Outbox, ctx, record, who, why, r.now()); err != nil {
		return r.closedOr(err)
	}
	w.sender.Kick()
	return nil
}
