package ledger

import (
	"context"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/marketplace"
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
	entry := call.entry("BatchMeterUsage")
	metered, refusal := call.Market.MeterBatch(call.Principal.Account, call.Region, b, call.At)
	entry.Batch = batchEntry(b, metered)
	if refusal != nil {
		return nil, l.refuse(ctx, call, entry, refusal)
	}
	facts, err := l.batchFacts(ctx, call, b, metered)
	if err != nil {
		return nil, err
	}
	request := store.Request{Facts: facts}
	if err := l.record(ctx, call, entry, &request); err != nil {
		return nil, err
	}
	return l.verdicts(&call.Market.Profile, metered, &request), nil
}

// batchFacts makes a fact of every record that has no verdict yet. M0134: the
// others leave nothing behind. M0105: facts are decided in the list's order.
func (l *Ledger) batchFacts(ctx context.Context, call Call, b metering.Batch, metered []marketplace.Metered) ([]store.Fact, error) {
	names := make([]string, 0, 4*len(b.Usages))
	facts := make([]store.Fact, 0, len(b.Usages))
	for i, u := range b.Usages {
		m := &metered[i]
		if m.Status != "" {
			continue
		}
		// M0125: usage told on a licence and usage told on its product are
		// separate books.
		kind, subject := store.UsageByProduct, string(m.Product.Code)
		if m.License != "" {
			kind, subject = store.UsageByLicense, string(m.License)
		}
		names = append(names, scope(call.Market, m.Product.Seller, call.Region), subject, string(m.Buyer), string(u.Dimension))
		facts = append(facts, store.Fact{
			Key:       store.Key{Kind: kind, Hour: store.Hour(metering.HourOf(u.Timestamp))},
			Quantity:  u.Quantity,
			Detail:    metering.AppendCanonical(nil, u.Allocations),
			Timestamp: u.Timestamp.UnixMilli(),
		})
	}
	return facts, l.nameKeys(ctx, names, facts)
}

// verdicts maps the store's decisions back onto the records.
func (l *Ledger) verdicts(p *metering.Profile, metered []marketplace.Metered, r *store.Request) []Verdict {
	verdicts := make([]Verdict, len(metered))
	next := 0
	for i, m := range metered {
		if m.Status != "" {
			verdicts[i].Status = m.Status
			continue
		}
		verdicts[i] = verdict(p, r.Decisions[next].Outcome, l.ids.of(r.Facts[next].Key))
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

func batchEntry(b metering.Batch, metered []marketplace.Metered) *audit.Batch {
	entry := &audit.Batch{ProductCode: string(b.Product), Records: make([]audit.Record, len(b.Usages))}
	for i, u := range b.Usages {
		entry.Records[i] = audit.Record{
			Timestamp:   u.Timestamp.UnixMilli(),
			Dimension:   string(u.Dimension),
			Customer:    string(u.Customer),
			Account:     string(u.Account),
			License:     string(u.License),
			Quantity:    u.Quantity,
			Allocations: metering.AppendCanonical(nil, u.Allocations),
		}
		if metered != nil {
			entry.Records[i].Status = string(metered[i].Status)
		}
	}
	return entry
}
