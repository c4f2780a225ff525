package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/retention"
	"github.com/meterd/meterd/internal/store"
)

// Total is what was accepted in a month under one key, hours aside.
type Total struct {
	Month   retention.Month
	Seller  metering.AccountID
	Region  metering.Region
	Product metering.ProductCode
	// License, Buyer, Resource: see Record.
	License   metering.LicenseARN
	Buyer     metering.AccountID
	Resource  metering.Resource
	Dimension metering.Dimension
	Records   uint64
	Quantity  int64
}

// errCutMoved: retention went on between two reads.
var errCutMoved = errors.New("old records were dropped meanwhile")

// totalTries is how often a month is added up anew when retention goes on.
const totalTries = 10

// Totals returns what was accepted in a month (2026-11): of the records that stand
// and of those that retention has dropped.
func (l *Ledger) Totals(ctx context.Context, month retention.Month) ([]Total, error) {
	from, to, err := month.Hours()
	if err != nil {
		return nil, err
	}
	var sums map[retention.Of]retention.Sum
	for range totalTries {
		if sums, err = l.sums(ctx, month, from, to); !errors.Is(err, errCutMoved) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("adding up %s: %w", month, err)
	}
	var totals []Total
	for of, sum := range sums {
		key := store.Key{Kind: of.Kind, Scope: of.Scope, Subject: of.Subject, Party: of.Party, Dimension: of.Dimension}
		r, err := l.recordOf(ctx, store.Fact{Key: key})
		if err != nil {
			return nil, fmt.Errorf("adding up %s: %w", month, err)
		}
		totals = append(totals, Total{month, r.Seller, r.Region, r.Product, r.License, r.Buyer, r.Resource, r.Dimension, sum.Records, sum.Quantity})
	}
	slices.SortFunc(totals, func(a, b Total) int {
		return cmp.Or(
			cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Product, b.Product),
			cmp.Compare(a.License, b.License), cmp.Compare(a.Buyer, b.Buyer), cmp.Compare(a.Resource, b.Resource),
			cmp.Compare(a.Dimension, b.Dimension),
		)
	})
	return totals, nil
}

// sums adds what stands to what was dropped. Records that are about to be dropped
// are counted among those already.
func (l *Ledger) sums(ctx context.Context, month retention.Month, from, to store.Hour) (map[retention.Of]retention.Sum, error) {
	cut, err := retention.Read(ctx, l.store)
	if err != nil {
		return nil, err
	}
	sums, err := retention.Sums(ctx, l.store, month)
	if err != nil {
		return nil, err
	}
	for _, kind := range store.UsageKinds {
		for f, err := range l.store.Scan(ctx, store.Range{Kind: kind, FromHour: max(from, cut.Dropping), ToHour: to}) {
			if err != nil {
				return nil, err
			}
			of := retention.OfKey(f.Key)
			sums[of] = sums[of].Plus(f.Quantity)
		}
	}
	now, err := retention.Read(ctx, l.store)
	if err == nil && !now.Equal(cut) {
		err = errCutMoved
	}
	return sums, err
}
