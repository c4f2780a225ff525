package client

import (
	"time"

	"github.com/meterd/meterd/api"
)

// Check returns the refusal that a record is certain to meet, or nil. It asks
// nobody: now stands for the service's clock, and a zero now leaves the window
// to the service. [Client.SubmitAll] checks the same by itself, by the clock of
// the service.
func (c *Client) Check(product *string, r *api.UsageRecord, now time.Time) error {
	refusal := checkBatch(&api.BatchMeterUsageRequest{ProductCode: product, UsageRecords: []api.UsageRecord{*r}})
	if refusal == nil && c.checksWindow && !now.IsZero() {
		refusal = batchWindow.refusal(*r.Timestamp, now)
	}
	if refusal == nil {
		return nil // and not a nil *Error, which is an error
	}
	return refuse(api.BatchMeterUsage, refusal)
}
