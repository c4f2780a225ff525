package ledger

import (
	"context"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// Verdict is what became of one record of a batch.
type Verdict struct {
	// Status is the record's; empty if Unprocessed.
	Status metering.Status
	// ID is zero where the answer names no record.
	ID RecordID
	// Unprocessed says that a passing fault kept the record from being
	// decided (M0133): it is to be sent again.
	Unprocessed bool
}

// BatchMeterUsage tells the usage of a batch and returns a verdict per record,
// in order. A *metering.Refusal refuses all of it; nothing was stored then.
func (l *Ledger) BatchMeterUsage(ctx context.Context, call Call, b metering.Batch) ([]Verdict, error) {
	w := works.Get().(*work)
	defer w.release()
	entry := call.entry("BatchMeterUsage")
	entry.Batch = &w.entry
	metered, refusal := call.Market.MeterBatch(w.metered, call.Principal.Account, call.Region, b, call.At)
	w.enter(b, metered)
	if refusal != nil {
		return nil, l.refuse(ctx, call, entry, refusal)
	}
	w.metered = metered
	w.tell(b)
	said, err := l.nameBatch(ctx, call, b, w)
	if err != nil {
		return nil, err
	}
	if said {
		err = l.recordSaid(ctx, call, entry, &w.request)
	} else if err = l.record(ctx, call, entry, &w.request); err == nil {
		w.learnNames(call.drawn.names)
	}
	if err != nil {
		return nil, err
	}
	return l.verdicts(&call.Market.Profile, w), nil
}

// verdicts maps the store's decisions back onto the records.
func (l *Ledger) verdicts(p *metering.Profile, w *work) []Verdict {
	verdicts := make([]Verdict, len(w.metered))
	next := 0
	for i := range w.metered {
		v := &verdicts[i]
		if v.Status = w.metered[i].Status; v.Status != "" {
			continue
		}
		if v.decide(p, w.request.Decisions[next].Outcome) {
			l.ids.put(&v.ID, w.request.Facts[next].Key)
		}
		next++
	}
	return verdicts
}

// decide fills the verdict, and reports whether it names the record.
func (v *Verdict) decide(p *metering.Profile, outcome store.Outcome) (named bool) {
	switch outcome {
	case store.Faulted:
		v.Unprocessed = true
		return false
	case store.Created:
		v.Status = metering.Success
	case store.Same:
		v.Status = p.IdenticalRetry // M0103
	default:
		v.Status = metering.DuplicateRecord // M0102, M0104: the first telling stands
	}
	return v.Status != metering.DuplicateRecord || p.DuplicateRecordID // M0128
}
