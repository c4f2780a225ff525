package admin

import (
	"context"
	"iter"
	"time"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// Record is an accepted usage record as GET records lists it.
type Record struct {
	ID        string               `json:"id"`
	Hour      time.Time            `json:"hour"`
	Timestamp time.Time            `json:"timestamp"`
	Seller    metering.AccountID   `json:"seller"`
	Region    metering.Region      `json:"region"`
	Product   metering.ProductCode `json:"product,omitempty"`
	License   metering.LicenseARN  `json:"licenseArn,omitempty"`
	Buyer     metering.AccountID   `json:"buyer,omitempty"`
	// Customer is the buyer's CustomerIdentifier, if they have one.
	Customer    metering.CustomerID `json:"customer,omitempty"`
	Resource    metering.Resource   `json:"resource,omitempty"`
	Dimension   metering.Dimension  `json:"dimension"`
	Quantity    int64               `json:"quantity"`
	Allocations []Allocation        `json:"allocations,omitempty"`
	// Call is the number of the call that told it.
	Call uint64 `json:"call"`
}

// Allocation is the part of a record's quantity with one set of tags.
type Allocation struct {
	Quantity int64             `json:"quantity"`
	Tags     map[string]string `json:"tags,omitempty"`
}

// RecordQuery selects records, in the words of GET records.
type RecordQuery struct {
	// From and To bound the hour: From <= hour < To (see ParseTime).
	From, To string
	Product  string
	// Customer is a CustomerIdentifier or an account.
	Customer  string
	Dimension string
	// Limit is how many records to yield; 0: all.
	Limit int
}

// Records yields what a query selects from a ledger.
func Records(ctx context.Context, l *ledger.Ledger, q RecordQuery) (iter.Seq2[Record, error], error) {
	market := l.Market()
	filter, err := q.filter(market)
	if err != nil {
		return nil, err
	}
	return func(yield func(Record, error) bool) {
		n := 0
		for record, err := range l.Records(ctx, filter) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			if !yield(recordOf(market, record), nil) {
				return
			}
			if n++; n == q.Limit {
				return
			}
		}
	}, nil
}

func (q RecordQuery) filter(m *marketplace.Market) (f ledger.RecordFilter, err error) {
	f.Product = metering.ProductCode(q.Product)
	f.Buyer = accountOf(m, q.Customer)
	f.Dimension = metering.Dimension(q.Dimension)
	if q.From != "" {
		if f.From, err = ParseTime(q.From); err != nil {
			return f, err
		}
	}
	if q.To != "" {
		f.To, err = ParseTime(q.To)
	}
	return f, err
}

// accountOf returns the account of a buyer who is named by CustomerIdentifier
// or by account.
func accountOf(m *marketplace.Market, customer string) metering.AccountID {
	for i := range m.Buyers {
		if id := m.Buyers[i].CustomerIdentifier; id != "" && string(id) == customer {
			return m.Buyers[i].Account
		}
	}
	return metering.AccountID(customer)
}

func recordOf(m *marketplace.Market, r ledger.Record) Record {
	record := Record{
		ID: r.ID.String(), Hour: r.Hour, Timestamp: r.Timestamp,
		Seller: r.Seller, Region: r.Region,
		Product: r.Product, License: r.License, Buyer: r.Buyer, Resource: r.Resource,
		Dimension: r.Dimension, Quantity: r.Quantity, Call: uint64(r.Call),
	}
	if buyer := m.Buyer(r.Buyer); buyer != nil {
		record.Customer = buyer.CustomerIdentifier
	}
	for _, a := range r.Allocations {
		record.Allocations = append(record.Allocations, allocationOf(a))
	}
	return record
}

func allocationOf(a metering.Allocation) Allocation {
	allocation := Allocation{Quantity: a.Quantity}
	for _, tag := range a.Tags {
		if allocation.Tags == nil {
			allocation.Tags = map[string]string{}
		}
		allocation.Tags[tag.Key] = tag.Value
	}
	return allocation
}
