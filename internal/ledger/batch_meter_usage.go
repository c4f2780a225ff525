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
	if err := l.nameBatch(ctx, call, b, w); err != nil {
		return nil, err
	}
	if err := l.record(ctx, call, entry, &w.request); err != nil {
		return nil, err
	}
	return l.verdicts(&call.Market.Profile, w), nil
}

// verdicts maps the store's decisions back onto the records.
func (l *Ledger) verdicts(p *metering.Profile, w *work) []Verdict {
	verdicts := make([]Verdict, len(w.metered))
	next := 0
	for i := range w.metered {
		if status := w.metered[i].Status; status != "" {
			verdicts[i].Status = status
			continue
		}
		verdicts[i] = verdict(p, w.request.Decisions[next].Outcome, l.ids.of(w.request.Facts[next].Key))
		next++
	}
	return verdicts
}

func verdict(p *metering.Profile, outcome store.Outcome, id RecordID) Verdict {
	status := metering.DuplicateRecord // M0102, M0104: the first telling stands
	switch outcome {
	case store.Faulted:
		return Verdict{Unprocessed: true}
	case store.Created:
		status = metering.Success
	case store.Same:
		status = p.IdenticalRetry // M0103
	}
	if status == metering.DuplicateRecord && !p.DuplicateRecordID {
		return Verdict{Status: status} // M0128
	}
	return Verdict{Status: status, ID: id}
}
