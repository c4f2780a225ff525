package ledger

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// Record is an accepted usage record as people and reports see it.
type Record struct {
	ID        RecordID
	Hour      time.Time
	Timestamp time.Time
	Seller    metering.AccountID
	Region    metering.Region
	// Product is empty for a record on a licence that is not known any more.
	Product metering.ProductCode
	// License is set for usage told on a licence, Resource for usage told by
	// a running product.
	License     metering.LicenseARN
	Buyer       metering.AccountID
	Resource    metering.Resource
	Dimension   metering.Dimension
	Quantity    int64
	Allocations []metering.Allocation
	// Call is the call that told it.
	Call store.CallID
}

// RecordFilter selects records; zero members select all.
type RecordFilter struct {
	// From and To bound the hour: From <= hour < To.
	From, To  time.Time
	Product   metering.ProductCode
	Buyer     metering.AccountID
	Dimension metering.Dimension
}

// Records yields the accepted records, by kind (licence, product, resource)
// and within it by hour.
func (l *Ledger) Records(ctx context.Context, filter RecordFilter) iter.Seq2[Record, error] {
	span := store.Range{ToHour: ^store.Hour(0)}
	if !filter.From.IsZero() {
		span.FromHour = store.Hour(metering.HourOf(filter.From))
	}
	if !filter.To.IsZero() {
		span.ToHour = store.Hour(metering.HourOf(filter.To.Add(time.Hour - 1)))
	}
	return func(yield func(Record, error) bool) {
		for _, kind := range store.UsageKinds {
			span.Kind = kind
			for fact, err := range l.store.Scan(ctx, span) {
				var r Record
				if err == nil {
					r, err = l.recordOf(ctx, fact)
				}
				if err == nil && !filter.selects(r) {
					continue
				}
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

func (f RecordFilter) selects(r Record) bool {
	return (f.Product == "" || f.Product == r.Product) &&
		(f.Buyer == "" || f.Buyer == r.Buyer) &&
		(f.Dimension == "" || f.Dimension == r.Dimension)
}

// recordOf reads a fact back into words.
func (l *Ledger) recordOf(ctx context.Context, f store.Fact) (Record, error) {
	names, err := l.namesOf(ctx, f.Key)
	if err != nil {
		return Record{}, err
	}
	allocations, ok := metering.ParseCanonical(f.Detail)
	if !ok {
		return Record{}, fmt.Errorf("record %s has unreadable allocations", l.ids.of(f.Key))
	}
	r := Record{
		ID:          l.ids.of(f.Key),
		Hour:        time.Unix(int64(f.Key.Hour)*3600, 0).UTC(),
		Timestamp:   time.UnixMilli(f.Timestamp).UTC(),
		Dimension:   metering.Dimension(names[3]),
		Quantity:    f.Quantity,
		Allocations: allocations,
		Call:        f.Call,
	}
	r.Seller, r.Region = splitScope(names[0])
	switch f.Key.Kind {
	case store.UsageByLicense:
		r.License, r.Buyer = metering.LicenseARN(names[1]), metering.AccountID(names[2])
		if license := l.Market().License(r.License); license != nil {
			r.Product = license.Product
		}
	case store.UsageByProduct:
		r.Product, r.Buyer = metering.ProductCode(names[1]), metering.AccountID(names[2])
	case store.UsageByResource:
		r.Product, r.Resource = metering.ProductCode(names[1]), metering.Resource(names[2])
		r.Buyer = accountOf(r.Resource)
	}
	return r, nil
}

func (l *Ledger) namesOf(ctx context.Context, k store.Key) (names [4]string, err error) {
	for i, id := range []store.NameID{k.Scope, k.Subject, k.Party, k.Dimension} {
		name, ok, err := l.store.Name(ctx, id)
		if err != nil {
			return names, fmt.Errorf("reading name %d: %w", id, err)
		}
		if !ok {
			return names, fmt.Errorf("name %d of record %s is missing", id, l.ids.of(k))
		}
		names[i] = name
	}
	return names, nil
}

// accountOf returns the account in a resource's ARN.
func accountOf(r metering.Resource) metering.AccountID {
	if parts := strings.SplitN(string(r), ":", 6); len(parts) == 6 {
		return metering.AccountID(parts[4])
	}
	return ""
}
