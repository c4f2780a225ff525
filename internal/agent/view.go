package agent

import (
	"time"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// Record is a frozen record as the API tells it.
type Record struct {
	ID string `json:"id"`
	Key
	Hour      time.Time `json:"hour"`
	Timestamp time.Time `json:"timestamp"`
	Deadline  time.Time `json:"deadline"`
	FrozenAt  time.Time `json:"frozenAt"`
	Quantity  int64     `json:"quantity"`
	// Amount is the quantity in the units that were told.
	Amount      int64        `json:"amount"`
	Allocations []Allocation `json:"allocations,omitempty"`

	State            outbox.State    `json:"state"`
	Attempts         int             `json:"attempts"`
	LastSent         *time.Time      `json:"lastSent,omitempty"`
	SettledAt        *time.Time      `json:"settledAt,omitempty"`
	MeteringRecordID string          `json:"meteringRecordId,omitempty"`
	Status           metering.Status `json:"status,omitempty"`
	Cause            outbox.Cause    `json:"cause,omitempty"`
	Detail           string          `json:"detail,omitempty"`
	// Note says how the quantity came about.
	Note Note `json:"note"`
}

// Key is what there is one record of for each hour.
type Key struct {
	Product    metering.ProductCode `json:"product"`
	Identifier metering.CustomerID  `json:"customerIdentifier,omitempty"`
	Account    metering.AccountID   `json:"customerAwsAccountId,omitempty"`
	License    metering.LicenseARN  `json:"licenseArn,omitempty"`
	Dimension  metering.Dimension   `json:"dimension"`
}

// Allocation is the part of a quantity with one set of tags.
type Allocation struct {
	Quantity int64             `json:"quantity"`
	Tags     map[string]string `json:"tags,omitempty"`
}

// Note says how a record's quantity came about, in told units:
//
//	told + carriedIn - creditIn = quantity*per + included + carriedOut - creditOut
type Note struct {
	Events     int64 `json:"events"`
	Told       int64 `json:"told"`
	LateEvents int64 `json:"lateEvents,omitempty"`
	LateTold   int64 `json:"lateTold,omitempty"`
	CarriedIn  int64 `json:"carriedIn,omitempty"`
	CarriedOut int64 `json:"carriedOut,omitempty"`
	CreditIn   int64 `json:"creditIn,omitempty"`
	CreditOut  int64 `json:"creditOut,omitempty"`
	Included   int64 `json:"included,omitempty"`
	Per        int64 `json:"per"`
}

func keyView(k outbox.Key) Key {
	return Key{k.Product, k.Customer.Identifier, k.Customer.Account, k.Customer.License, k.Dimension}
}

func recordView(r *outbox.Record) Record {
	f := &r.Fate
	return Record{
		ID: r.ID.String(), Key: keyView(r.Key),
		Hour: r.ID.Hour.Start(), Timestamp: r.Timestamp, Deadline: r.Deadline, FrozenAt: r.FrozenAt,
		Quantity: r.Quantity, Amount: r.Amount(), Allocations: allocationViews(r.Allocations),
		State: f.State, Attempts: f.Attempts, LastSent: known(f.LastSent), SettledAt: known(f.SettledAt),
		MeteringRecordID: f.MeteringRecordID, Status: f.Status, Cause: f.Cause, Detail: f.Detail,
		Note: Note(r.Note),
	}
}

func allocationViews(list []metering.Allocation) (views []Allocation) {
	for _, allocation := range list {
		view := Allocation{Quantity: allocation.Quantity}
		for _, tag := range allocation.Tags {
			if view.Tags == nil {
				view.Tags = map[string]string{}
			}
			view.Tags[tag.Key] = tag.Value
		}
		views = append(views, view)
	}
	return views
}

// known is nil for a time that is not known.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
