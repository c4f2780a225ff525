package outbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// RecordID names a record of this outbox: there is one for each key and hour.
type RecordID struct {
	Hour Hour
	key  keyID
}

// String writes the id so that it can be typed: hour, dash, key.
func (id RecordID) String() string { return fmt.Sprintf("%d-%d", id.Hour, id.key) }

// ParseRecordID reads what String writes.
func ParseRecordID(text string) (RecordID, error) {
	var id RecordID
	_, err := fmt.Sscanf(text, "%d-%d", &id.Hour, &id.key)
	if err != nil || id.String() != text {
		return RecordID{}, fmt.Errorf("record id %.100q is not of the form 498706-12", text)
	}
	return id, nil
}

// Record is the usage of one key in one hour, frozen: all but Fate was written
// once, before the first send, and never changes.
type Record struct {
	ID  RecordID
	Key Key
	// Timestamp lies in the hour, at the second of its latest usage. So it lies
	// in the customer's agreement if the usage does.
	Timestamp time.Time
	// Deadline is the first instant at which the service does not take the
	// record any more.
	Deadline time.Time
	// Quantity is 0 to QuantityMax.
	Quantity int64
	// Allocations are nil unless usage had tags. They are in an order that
	// depends on nothing but themselves, and add up to Quantity.
	Allocations []metering.Allocation
	FrozenAt    time.Time
	Note        Note
	Fate        Fate
}

// Note says how a record's quantity came about, in told units:
//
//	Told + CarriedIn - CreditIn = Quantity*Per + Included + CarriedOut - CreditOut
type Note struct {
	// Events is how many events counted in this hour, and Told their sum.
	Events, Told int64
	// LateEvents are those of the events that were told for an earlier hour,
	// which could not take them any more, and LateTold is their sum.
	LateEvents, LateTold int64
	// CarriedIn came from earlier hours that could not bill it, or from dead
	// letters; CarriedOut went on to a later hour.
	CarriedIn, CarriedOut int64
	// CreditIn is what stood to the key's credit before this hour, CreditOut
	// what does since.
	CreditIn, CreditOut int64
	// Included was free of charge.
	Included int64
	// Per is how many told units make one billed unit.
	Per int64
}

// Fate is what became of a record.
type Fate struct {
	State State
	// Attempts is how often it was about to be sent, LastSent when last.
	Attempts int
	LastSent time.Time
	// SettledAt is when it came into its state; zero while it is pending and
	// has never been anything else.
	SettledAt time.Time
	// MeteringRecordID and Status are the service's.
	MeteringRecordID string
	Status           metering.Status
	// Cause says why it is a dead letter, or was one, and Detail what that
	// means.
	Cause  Cause
	Detail string
}

// State is where a record stands.
type State string

const (
	// Pending: it is to be sent.
	Pending State = "pending"
	// Done: the service has accepted it.
	Done State = "done"
	// Dead: the service refused it or its time ran out; a person must act.
	Dead State = "dead"
	// Discarded: a person decided that it will not be billed.
	Discarded State = "discarded"
	// Carried: a person had its amount carried to a later hour.
	Carried State = "carried"
	// Void: there was nothing to bill, and so nothing is sent.
	Void State = "void"
)

// states are numbered in stored rows by their place here; add at the end only.
var states = []State{Pending, Done, Dead, Discarded, Carried, Void}

// Cause says why a record is a dead letter. Those of the service are the
// agent's to name.
type Cause string

// CauseExpired is the outbox's own: the deadline passed.
const CauseExpired Cause = "expired"

// Amount is the billed quantity in told units.
func (r *Record) Amount() int64 { return r.Quantity * r.Note.Per }

// balanced reports whether the note explains the quantity.
func (r *Record) balanced() bool {
	n := &r.Note
	return n.Told+n.CarriedIn-n.CreditIn == r.Amount()+n.Included+n.CarriedOut-n.CreditOut
}

// cutText keeps a stored text within TextBytesMax and in UTF-8.
func cutText(text string) string {
	if len(text) > TextBytesMax {
		text = text[:TextBytesMax]
	}
	return strings.ToValidUTF8(text, "")
}
