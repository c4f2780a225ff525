// Package audit is the trail of calls: what one entry holds and how it stands
// on disk. It is pure; the ledger fills entries, a store keeps them in the same
// unit as the facts that their calls told, and the verdicts of those facts are
// kept beside the entry (store.Call.Outcomes), because they are decided only
// when entry and facts are committed.
package audit

// Entry is one call as it was made. Exactly one of the four parameter members
// is set, or none if the call was refused before its body was understood.
type Entry struct {
	Operation string
	Region    string
	RequestID string
	SourceIP  string
	UserAgent string
	Caller    Caller

	Batch    *Batch
	Meter    *Meter
	Register *Register
	Resolve  *Resolve

	// Refused is the rule that ended the call, or the name of the exception
	// where no rule did; empty for a call that was answered with 200, or
	// whose refusal follows from the outcomes (DuplicateRequest and the like).
	Refused string
	// Message is what the caller was told about it.
	Message string

	// Names are names whose numbers stand in the keys of facts. Each that is used
	// is said by a call, and by another one after retention may have dropped that,
	// so that the chain covers what the numbers mean.
	Names []Name
}

// Name is a name and the number that facts have in its place.
type Name struct {
	ID   uint32
	Text string
}

// Caller is who made the call.
type Caller struct {
	Account     string
	ARN         string
	AccessKeyID string
	// Platform is set for credentials that were delivered to a running product.
	Platform string
}

// Batch is the parameters of a BatchMeterUsage.
type Batch struct {
	ProductCode string
	Records     []Record
}

// Record is one record of a batch as it was sent, and the verdict on it where
// no fact was told for it.
type Record struct {
	// Brief says that the record was told, and that its fact and the facts' names
	// say all of it but Customer. Then only Customer is written, and Parse leaves
	// the rest empty, for Fill.
	Brief bool
	// Timestamp is in Unix milliseconds.
	Timestamp int64
	Dimension string
	Customer  string
	Account   string
	License   string
	Quantity  int64
	// Allocations is the canonical form of metering.AppendCanonical.
	Allocations []byte
	// Status is CustomerNotSubscribed, or empty for a record whose verdict is
	// the next outcome of the call.
	Status string
}

// Told is what the fact of a record says.
type Told struct {
	Timestamp, Quantity int64
	Dimension           string
	// Account is the buyer's.
	Account string
	// License is empty if the record was told on the product.
	License     string
	Allocations []byte
}

// Fill completes a brief record by its fact: it named the buyer by the account
// unless by Customer.
func (r *Record) Fill(t Told) {
	if r.Customer != "" {
		t.Account = ""
	}
	*r = Record{
		Timestamp: t.Timestamp, Dimension: t.Dimension, Customer: r.Customer, Account: t.Account,
		License: t.License, Quantity: t.Quantity, Allocations: t.Allocations,
	}
}

// Meter is the parameters of a MeterUsage. If a ClientToken was sent, the
// first outcome of the call is the token's.
type Meter struct {
	ProductCode string
	Timestamp   int64
	Dimension   string
	Quantity    int64
	Allocations []byte
	DryRun      bool
	ClientToken string
}

// Register is the parameters of a RegisterUsage.
type Register struct {
	ProductCode      string
	PublicKeyVersion int64
	Nonce            string
}

// Resolve is what a ResolveCustomer found out. M0185: the token itself is a
// secret of the buyer and stays out of the trail.
type Resolve struct {
	ProductCode string
	Customer    string
	Account     string
	License     string
}
