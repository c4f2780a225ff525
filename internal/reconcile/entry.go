package reconcile

import "time"

// Entry is a record of usage in somebody's ledger.
type Entry struct {
	// Product may be empty for a record of a licence.
	Product   string
	Buyer     Buyer
	Dimension string
	// Time lies in the record's hour.
	Time     time.Time
	Quantity int64
	State    State
	// ID is the MeteringRecordId, if there is one.
	ID string
	// Reason says why the state is what it is.
	Reason string
}

// Buyer is a buyer by all the names that a ledger has for them.
type Buyer struct {
	Identifier, Account, License string
}

func (b Buyer) String() string {
	switch {
	case b.Identifier != "":
		return b.Identifier
	case b.License != "":
		return b.Account + " " + b.License
	}
	return b.Account
}

// State is how far a record came.
type State string

const (
	// Planned: it was never sent.
	Planned State = "not sent"
	// Sent: it was sent, and no verdict is kept.
	Sent State = "no verdict"
	// Accepted: the service has taken it.
	Accepted State = "accepted"
	// Refused: it was refused.
	Refused State = "refused"
	// Withdrawn: it is not to be billed, at least not in this hour.
	Withdrawn State = "withdrawn"
)

// Kind names how ours and the service's entry compare.
type Kind string

const (
	Equal      Kind = "equal"
	NeverSent  Kind = "never sent"
	WasRefused Kind = "sent and refused"
	Unanswered Kind = "sent, not there"
	Missing    Kind = "accepted, not there"
	Quantity   Kind = "different quantity"
	NotOurs    Kind = "not ours"
	Unsettled  Kind = "there, verdict not kept"
	GivenUp    Kind = "given up, but there"
)

// Kinds are all kinds, in the order of reports.
var Kinds = []Kind{Equal, NeverSent, WasRefused, Unanswered, Missing, Quantity, NotOurs, Unsettled, GivenUp}

// Do says what a difference asks for.
func (k Kind) Do() string {
	switch k {
	case NeverSent:
		return "Send it while its time is open: run the agent, or the import again."
	case WasRefused:
		return "Read the reason; 'meterd explain' says the way out. The usage is not billed."
	case Unanswered:
		return "Send it again, unchanged: run the agent, or the import again."
	case Missing:
		return "We hold a receipt and the service shows no such record: compare Region, account and period; if they are right, take the receipt to whoever runs the service."
	case Quantity:
		return "The service bills its own quantity. What it lacks can be told with a later hour; what it has too much cannot be taken back."
	case NotOurs:
		return "Another program, or another outbox, has told it: find out which, before two bill one usage."
	case Unsettled:
		return "The usage is billed; running the agent, or the import again, fetches its verdict."
	case GivenUp:
		return "It is billed although it was discarded or carried to another hour: it may be billed twice."
	}
	return "Nothing."
}
