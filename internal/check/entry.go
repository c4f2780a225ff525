package check

import (
	"bytes"
	"cmp"
	"context"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// entry checks that a call's entry in the trail can be read, and that it says
// of each usage record what the facts say.
func (c *checker) entry(ctx context.Context, call *store.Call) error {
	e, err := audit.Parse(call.Entry)
	if err != nil {
		c.problem(call.ID, "its entry cannot be read: %v", err)
		return nil
	}
	if err := c.said(ctx, call, e); err != nil {
		return err
	}
	var usage []*store.Fact
	for i := range call.Facts {
		if f := &call.Facts[i]; f.Key.Kind.IsUsage() {
			usage = append(usage, f)
			c.allocations(call.ID, f)
		}
	}
	records := recordsOf(e)
	if len(records) != len(usage) {
		c.problem(call.ID, "its entry has %d records to be told, and it tells %d", len(records), len(usage))
		return nil
	}
	for i, r := range records {
		f := usage[i]
		if r.brief {
			continue
		}
		if r.quantity != f.Quantity || r.timestamp != f.Timestamp || !bytes.Equal(r.allocations, f.Detail) {
			c.problem(call.ID, "record %d has quantity %d in the entry and %d as a fact, or another time or other allocations", i+1, r.quantity, f.Quantity)
		}
		if err := c.words(ctx, call.ID, e, r, f.Key); err != nil {
			return err
		}
	}
	return nil
}

// record is what an entry says of a told record; of a brief one nothing that its
// fact does not.
type record struct {
	brief                       bool
	quantity, timestamp         int64
	allocations                 []byte
	subject, account, dimension string
}

// recordsOf returns the records of an entry for which a fact was told.
func recordsOf(e *audit.Entry) (list []record) {
	if e.Refused != "" {
		return nil
	}
	if m := e.Meter; m != nil && !m.DryRun {
		list = append(list, record{false, m.Quantity, m.Timestamp, m.Allocations, m.ProductCode, "", m.Dimension})
	}
	if e.Batch == nil {
		return list
	}
	for _, r := range e.Batch.Records {
		if r.Status == "" {
			list = append(list, record{r.Brief, r.Quantity, r.Timestamp, r.Allocations, cmp.Or(r.License, e.Batch.ProductCode), r.Account, r.Dimension})
		}
	}
	return list
}

// allocations checks that a usage's allocations split its quantity.
func (c *checker) allocations(call store.CallID, f *store.Fact) {
	if len(f.Detail) == 0 {
		return
	}
	list, ok := metering.ParseCanonical(f.Detail)
	if !ok {
		c.problem(call, "tells a fact with unreadable allocations")
		return
	}
	sum := int64(0)
	for _, a := range list {
		sum += a.Quantity
	}
	if sum != f.Quantity {
		c.problem(call, "tells quantity %d, and allocations of %d", f.Quantity, sum)
	}
}
