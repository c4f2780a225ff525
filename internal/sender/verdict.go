package sender

import (
	"errors"
	"fmt"

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
func verdictOf(r *outbox.Record, v *client.Verdict) (outbox.Verdict, bool) {
	verdict := outbox.Verdict{Record: r.ID, State: outbox.Dead, Status: metering.Status(v.Status)}
	switch {
	case v.Accepted():
		verdict.State, verdict.MeteringRecordID = outbox.Done, v.MeteringRecordId
	case v.Outcome == client.Answered:
		verdict.Cause = outbox.Cause(v.Status)
		verdict.Detail = client.ExplainStatus(v.Status).What + " " + client.ExplainStatus(v.Status).Do + sentBefore(r)
	case v.Outcome == client.Refused:
		verdict.Cause, verdict.Detail = causeOf(v.Err), v.Err.Error()+sentBefore(r)
	default:
		return outbox.Verdict{}, false
	}
	return verdict, true
}

// sentBefore warns that an earlier attempt, whose answer was lost, may have been
// accepted: its refusal now then means nothing for the bill.
func sentBefore(r *outbox.Record) string {
	if r.Fate.Attempts == 0 {
		return ""
	}
	return fmt.Sprintf(" It was sent %d times before, last at %s, without an answer that arrived: it may have been billed then. Compare with the service before carrying it.",
		r.Fate.Attempts, metering.ShowTime(r.Fate.LastSent))
}

// causeRefused is for a refusal that has no name.
const causeRefused outbox.Cause = "refused"

func causeOf(err error) outbox.Cause {
	if refusal, ok := errors.AsType[*api.Error](err); ok {
		return outbox.Cause(refusal.Name)
	}
	return causeRefused
}
