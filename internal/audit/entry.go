// Package audit is the trail of calls: what one entry holds and how it stands
// on disk. It is pure; the ledger fills entries, a store keeps them in the same
// unit as the facts that their calls told, and the verdicts of those facts are
// kept beside the entry (store.Call.Outcomes), because they are decided only
// when entry and facts are committed.
package audit

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Entry is one call as it was made. Exactly one of the four parameter members
// is set, or none if the call was refused before its body was understood.
type Entry struct {
	Operation string `cbor:"1,keyasint"`
	Region    string `cbor:"2,keyasint,omitempty"`
	RequestID string `cbor:"3,keyasint,omitempty"`
	SourceIP  string `cbor:"4,keyasint,omitempty"`
	UserAgent string `cbor:"5,keyasint,omitempty"`
	Caller    Caller `cbor:"6,keyasint"`

	Batch    *Batch    `cbor:"7,keyasint,omitempty"`
	Meter    *Meter    `cbor:"8,keyasint,omitempty"`
	Register *Register `cbor:"9,keyasint,omitempty"`
	Resolve  *Resolve  `cbor:"10,keyasint,omitempty"`

	// Refused is the rule that ended the call, or the name of the exception
	// where no rule did; empty for a call that was answered with 200, or
	// whose refusal follows from the outcomes (DuplicateRequest and the like).
	Refused string `cbor:"11,keyasint,omitempty"`
	// Message is what the caller was told about it.
	Message string `cbor:"12,keyasint,omitempty"`
}

// Caller is who made the call.
type Caller struct {
	Account     string `cbor:"1,keyasint"`
	ARN         string `cbor:"2,keyasint,omitempty"`
	AccessKeyID string `cbor:"3,keyasint,omitempty"`
	// Platform is set for credentials that were delivered to a running product.
	Platform string `cbor:"4,keyasint,omitempty"`
}

// Batch is the parameters of a BatchMeterUsage.
type Batch struct {
	ProductCode string   `cbor:"1,keyasint,omitempty"`
	Records     []Record `cbor:"2,keyasint"`
}

// Record is one record of a batch as it was sent, and the verdict on it where
// no fact was told for it.
type Record struct {
	_ struct{} `cbor:",toarray"`

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

// Meter is the parameters of a MeterUsage. If a ClientToken was sent, the
// first outcome of the call is the token's.
type Meter struct {
	ProductCode string `cbor:"1,keyasint"`
	Timestamp   int64  `cbor:"2,keyasint"`
	Dimension   string `cbor:"3,keyasint"`
	Quantity    int64  `cbor:"4,keyasint,omitempty"`
	Allocations []byte `cbor:"5,keyasint,omitempty"`
	DryRun      bool   `cbor:"6,keyasint,omitempty"`
	ClientToken string `cbor:"7,keyasint,omitempty"`
}

// Register is the parameters of a RegisterUsage.
type Register struct {
	ProductCode      string `cbor:"1,keyasint"`
	PublicKeyVersion int64  `cbor:"2,keyasint"`
	Nonce            string `cbor:"3,keyasint,omitempty"`
}

// Resolve is what a ResolveCustomer found out. M0185: the token itself is a
// secret of the buyer and stays out of the trail.
type Resolve struct {
	ProductCode string `cbor:"1,keyasint,omitempty"`
	Customer    string `cbor:"2,keyasint,omitempty"`
	Account     string `cbor:"3,keyasint,omitempty"`
	License     string `cbor:"4,keyasint,omitempty"`
}

// formatVersion leads every encoded entry.
const formatVersion = 1

// Append appends the entry's encoding.
func (e *Entry) Append(dst []byte) ([]byte, error) {
	body, err := cbor.Marshal(e)
	if err != nil {
		return dst, fmt.Errorf("encoding audit entry: %w", err)
	}
	return append(append(dst, formatVersion), body...), nil
}

// Parse reads what Append wrote.
func Parse(b []byte) (*Entry, error) {
	if len(b) == 0 || b[0] != formatVersion {
		return nil, fmt.Errorf("audit entry of %d bytes has an unknown format", len(b))
	}
	e := new(Entry)
	if err := cbor.Unmarshal(b[1:], e); err != nil {
		return nil, fmt.Errorf("decoding audit entry: %w", err)
	}
	return e, nil
}
