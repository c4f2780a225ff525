package sender

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/outbox"
)

// send sends the most urgent records, and reports whether there were any. An
// error means that the outbox failed.
func (s *Sender) send(ctx context.Context) (sent bool, err error) {
	now, known := s.cfg.Now()
	if !known {
		return false, nil
	}
	loads, err := s.next(ctx, now)
	if err != nil {
		return false, err
	}
	for _, records := range loads {
		if err := s.submit(ctx, records); err != nil {
			return true, err
		}
	}
	return len(loads) > 0, nil
}

// next returns the most urgent records by what can be submitted together; the
// load with the most urgent record comes first.
func (s *Sender) next(ctx context.Context, now time.Time) (loads [][]outbox.Record, err error) {
	place, waiting := map[load]int{}, map[load]bool{}
	count := 0
	for r, err := range s.cfg.Outbox.Pending(ctx, now, 0) {
		if err != nil {
			return nil, fmt.Errorf("reading what is to be sent: %w", err)
		}
		which := loadOf(&r)
		waiting[which] = true
		if !s.serves(which) {
			continue
		}
		at, ok := place[which]
		if !ok {
			at = len(loads)
			place[which] = at
			loads = append(loads, nil)
		}
		loads[at] = append(loads[at], r)
		if count++; count == recordsAtOnce {
			return loads, nil
		}
	}
	s.recover(waiting)
	return loads, nil
}

// recover forgets the troubles of loads of which nothing waits any more.
func (s *Sender) recover(waiting map[load]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.rests, func(which load, _ *rest) bool { return !waiting[which] })
}

// serves reports whether records of a load are to be sent here and now.
func (s *Sender) serves(which load) bool {
	if s.cfg.Serves != nil && !s.cfg.Serves(which.product) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rests[which]
	return r == nil || !time.Now().Before(r.until)
}

// submit sends one load and stores what the service says.
func (s *Sender) submit(ctx context.Context, records []outbox.Record) error {
	ids := make([]outbox.RecordID, len(records))
	usage := make([]api.UsageRecord, len(records))
	for i := range records {
		ids[i], usage[i] = records[i].ID, usageOf(&records[i])
	}
	now, _ := s.cfg.Now()
	if err := s.cfg.Outbox.MarkSent(ctx, ids, now); errors.Is(err, outbox.ErrState) {
		return nil // One of them has expired just now, or a person has acted. Look again.
	} else if err != nil {
		return fmt.Errorf("marking what is sent: %w", err)
	}
	which := loadOf(&records[0])
	verdicts, failure := s.cfg.Client.SubmitAll(ctx, which.productCode(), usage)
	for i := range verdicts {
		if failure == nil && disputed(&records[i], &verdicts[i], now) {
			failure = verdicts[i].Err
		}
	}
	if ctx.Err() == nil {
		s.note(which, failure)
	}
	// What was answered is stored, also when the sender is being stopped.
	return s.settle(context.WithoutCancel(ctx), records, verdicts)
}

// settle stores what the service said of records, and tells of what it refused.
func (s *Sender) settle(ctx context.Context, records []outbox.Record, answers []client.Verdict) error {
	now, _ := s.cfg.Now()
	var known []outbox.Verdict
	var refused []outbox.Record
	for i := range answers {
		v, ok := verdictOf(&records[i], &answers[i], now)
		if !ok {
			continue
		}
		known = append(known, v)
		if v.State == outbox.Dead {
			r := records[i]
			r.Fate.State, r.Fate.Cause, r.Fate.Detail = v.State, v.Cause, v.Detail
			refused = append(refused, r)
		}
	}
	if len(known) == 0 {
		return nil
	}
	if err := s.cfg.Outbox.Settle(ctx, known, now); err != nil {
		return fmt.Errorf("storing verdicts: %w", err)
	}
	for i := range refused {
		if err := s.bury(ctx, &refused[i], now); err != nil {
			return err
		}
	}
	if s.cfg.Settled != nil {
		s.cfg.Settled(len(known)-len(refused), refused)
	}
	return nil
}

// bury tells of a record that was refused. One of nothing is given up at once:
// no amount is lost, and nobody has to decide anything.
func (s *Sender) bury(ctx context.Context, r *outbox.Record, now time.Time) error {
	if r.Quantity == 0 {
		s.cfg.Logger.Info("a record of 0 was refused and is given up", "record", r.ID, "usage", r.Key, "cause", r.Fate.Cause)
		return s.cfg.Outbox.Discard(ctx, r.ID, discarder, "it would have billed nothing", now)
	}
	s.cfg.Logger.Error("the service refused a record, which is a dead letter now", "record", r.ID, "usage", r.Key, "quantity", r.Quantity, "cause", r.Fate.Cause, "detail", r.Fate.Detail)
	return nil
}

// discarder is who gives up records of nothing.
const discarder = "meterd"

// note lets a load rest after a failure, twice as long each time.
func (s *Sender) note(which load, failure error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if failure == nil {
		delete(s.rests, which)
		return
	}
	length := restMin
	if before := s.rests[which]; before != nil {
		length = min(2*before.length, restMax)
	}
	s.rests[which] = &rest{time.Now().Add(length), length, failure}
	s.cfg.Logger.Warn("records could not be sent and will be sent again", "service", s.cfg.Service, "product", which.product, "pause", length, "err", failure)
}
