package client

import "github.com/meterd/meterd/api"

// Verdict is what became of one record of [Client.SubmitAll].
type Verdict struct {
	Outcome Outcome
	// Status is the service's verdict; empty unless Outcome is Answered.
	Status api.UsageRecordResultStatus
	// MeteringRecordId is the receipt of a record with the Status Success.
	MeteringRecordId string
	// InDoubt: the Status is CustomerNotSubscribed, but an earlier attempt of the
	// run got no answer. If the buyer has left since, it may have stored the
	// record; look it up before the usage is billed in another way.
	InDoubt bool
	// Err says why there is no Status: usually an *[Error].
	Err error
}

// Accepted reports whether the record counts.
func (v Verdict) Accepted() bool { return v.Outcome == Answered && v.Status == api.Success }

// Outcome is how far a record came.
type Outcome string

const (
	// Answered: the service gave its verdict, which is in Status.
	Answered Outcome = "Answered"
	// Refused: this record is at fault, and so was refused by the client or
	// the service. It is not stored, and will not be as it is.
	Refused Outcome = "Refused"
	// Unprocessed: the service gave the record back each time. Send it again.
	Unprocessed Outcome = "Unprocessed"
	// Unknown: the record was sent, and no verdict came back; it may be
	// stored. Send it again, unchanged.
	Unknown Outcome = "Unknown"
	// NotSent: the record is not stored, through no fault of its own: its call
	// never left, or was refused for a reason that Err names. Send it again
	// once that is removed.
	NotSent Outcome = "NotSent"
)
