package sender

import (
	"errors"
	"fmt"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// usageOf is a record as the service is told it. It depends on nothing but the
// record, so that it is the same each time.
func usageOf(r *outbox.Record) api.UsageRecord {
	c := &r.Key.Customer
	return api.UsageRecord{
		Timestamp:            new(r.Timestamp),
		Dimension:            new(string(r.Key.Dimension)),
		CustomerIdentifier:   told(c.Identifier),
		CustomerAWSAccountId: told(c.Account),
		LicenseArn:           told(c.License),
		Quantity:             new(r.Quantity),
		UsageAllocations:     allocationsOf(r.Allocations),
	}
}

// told is nil for an empty name.
func told[T ~string](name T) *string {
	if name == "" {
		return nil
	}
	return new(string(name))
}

func allocationsOf(list []metering.Allocation) (told []api.UsageAllocation) {
	for _, allocation := range list {
		one := api.UsageAllocation{AllocatedUsageQuantity: new(allocation.Quantity)}
		for _, tag := range allocation.Tags {
			one.Tags = append(one.Tags, api.Tag{Key: new(tag.Key), Value: new(tag.Value)})
		}
		told = append(told, one)
	}
	return told
}

// verdictOf is what the outbox is to store of what the service said; false if
// the record is to be sent again.
func verdictOf(r *outbox.Record, v *client.Verdict, now time.Time) (outbox.Verdict, bool) {
	verdict := outbox.Verdict{Record: r.ID, State: outbox.Dead, Status: metering.Status(v.Status)}
	switch {
	case disputed(r, v, now):
		return outbox.Verdict{}, false
	case v.Accepted():
		verdict.State, verdict.MeteringRecordID = outbox.Done, v.MeteringRecordId
	case v.Outcome == client.Answered:
		verdict.Cause = outbox.Cause(v.Status)
		verdict.Detail = client.ExplainStatus(v.Status).What + " " + client.ExplainStatus(v.Status).Do + sentBefore(r, v.InDoubt)
	case v.Outcome == client.Refused:
		verdict.Cause, verdict.Detail = causeOf(v.Err), v.Err.Error()+sentBefore(r, false)
	default:
		return outbox.Verdict{}, false
	}
	return verdict, true
}

// disputed reports whether the service refuses a record for its time although its
// deadline has not come. Then one of the two clocks is wrong, and whichever that
// is: a record from the service's future (M0111) will be taken later, and one
// from its past expires when the deadline comes here too.
func disputed(r *outbox.Record, v *client.Verdict, now time.Time) bool {
	return v.Outcome == client.Refused && client.Is(v.Err, api.TimestampOutOfBoundsException) && now.Before(r.Deadline)
}

// sentBefore warns that an earlier attempt, whose answer was lost, may have been
// accepted: its refusal now then means nothing for the bill.
func sentBefore(r *outbox.Record, justNow bool) string {
	const doubt = "it may have been billed then. Compare with the service before carrying it."
	switch {
	case r.Fate.Attempts > 0:
		return fmt.Sprintf(" It was sent %d times before, last at %s, without an answer that arrived: %s",
			r.Fate.Attempts, metering.ShowTime(r.Fate.LastSent), doubt)
	case justNow:
		return " It was sent just before, without an answer that arrived: " + doubt
	}
	return ""
}

// causeRefused is for a refusal that has no name.
const causeRefused outbox.Cause = "refused"

func causeOf(err error) outbox.Cause {
	if refusal, ok := errors.AsType[*api.Error](err); ok {
		return outbox.Cause(refusal.Name)
	}
	return causeRefused
}
