package server

import (
	"context"
	"strings"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
)

func (s *Server) batchMeterUsage(ctx context.Context, x *exchange, r *api.BatchMeterUsageRequest) (*api.BatchMeterUsageResult, error) {
	w := x.scratch
	w.usages = appendUsages(w.usages, r.UsageRecords)
	batch := metering.Batch{Product: metering.ProductCode(value(r.ProductCode)), Usages: w.usages}
	verdicts, err := s.ledger.BatchMeterUsage(ctx, x.call, batch)
	if err != nil {
		return nil, err
	}
	// M0130: results in the order of the request, both lists always there,
	// each record in one of them. M0131: no records give two empty lists.
	result := &api.BatchMeterUsageResult{Results: w.results}
	var ids idTexts
	ids.room(len(verdicts))
	for i, v := range verdicts {
		echo := known(&x.call.Market.Profile, r.UsageRecords[i]) // M0129
		if v.Unprocessed {
			result.UnprocessedRecords = append(result.UnprocessedRecords, echo)
			continue
		}
		result.Results = append(result.Results, api.UsageRecordResult{
			UsageRecord: echo, Status: api.UsageRecordResultStatus(v.Status), MeteringRecordId: ids.of(v.ID),
		})
	}
	w.results = result.Results
	s.metrics.judged(result)
	return result, nil
}

// idTexts makes texts of ids, which lie in one piece of memory.
type idTexts struct{ all strings.Builder }

func (t *idTexts) room(ids int) { t.all.Grow(ids * ledger.RecordIDLen) }

// of returns "" for no id.
func (t *idTexts) of(id ledger.RecordID) string {
	if id == (ledger.RecordID{}) {
		return ""
	}
	text := id.Text()
	start := t.all.Len()
	t.all.Write(text[:])
	return t.all.String()[start:]
}

func appendUsages(usages []metering.Usage, records []api.UsageRecord) []metering.Usage {
	for i := range records {
		r := &records[i]
		usages = append(usages, metering.Usage{
			Timestamp:   *r.Timestamp,
			Dimension:   metering.Dimension(*r.Dimension),
			Customer:    metering.CustomerID(value(r.CustomerIdentifier)),
			Account:     metering.AccountID(value(r.CustomerAWSAccountId)),
			License:     metering.LicenseARN(value(r.LicenseArn)),
			Quantity:    value(r.Quantity),
			Allocations: allocationsOf(r.UsageAllocations),
		})
	}
	return usages
}

// known is the record without the members that the profile's time did not
// know, and would not have echoed (M0184).
func known(p *metering.Profile, r api.UsageRecord) api.UsageRecord {
	if !p.Licenses {
		r.LicenseArn = nil
	}
	if !p.AccountIDs {
		r.CustomerAWSAccountId = nil
	}
	return r
}

func allocationsOf(list []api.UsageAllocation) []metering.Allocation {
	if list == nil {
		return nil
	}
	allocations := make([]metering.Allocation, len(list))
	for i, a := range list {
		allocations[i] = metering.Allocation{Quantity: *a.AllocatedUsageQuantity}
		if a.Tags != nil {
			allocations[i].Tags = make([]metering.Tag, len(a.Tags))
		}
		for j, tag := range a.Tags {
			allocations[i].Tags[j] = metering.Tag{Key: *tag.Key, Value: *tag.Value}
		}
	}
	return allocations
}

// value is what a member says, or its zero value if it is absent.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
