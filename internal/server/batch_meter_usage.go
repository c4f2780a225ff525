package server

import (
	"context"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
)

func (s *Server) batchMeterUsage(ctx context.Context, x *exchange, r *api.BatchMeterUsageRequest) (*api.BatchMeterUsageResult, error) {
	verdicts, err := s.ledger.BatchMeterUsage(ctx, x.call, batchOf(r))
	if err != nil {
		return nil, err
	}
	// M0130: results in the order of the request, both lists always there,
	// each record in one of them. M0131: no records give two empty lists.
	result := &api.BatchMeterUsageResult{Results: make([]api.UsageRecordResult, 0, len(verdicts))}
	for i, v := range verdicts {
		echo := known(&x.call.Market.Profile, r.UsageRecords[i]) // M0129
		if v.Unprocessed {
			result.UnprocessedRecords = append(result.UnprocessedRecords, echo)
			continue
		}
		result.Results = append(result.Results, resultOf(echo, v))
	}
	s.metrics.judged(result)
	return result, nil
}

func resultOf(echo api.UsageRecord, v ledger.Verdict) api.UsageRecordResult {
	r := api.UsageRecordResult{UsageRecord: echo, Status: api.UsageRecordResultStatus(v.Status)}
	if v.ID != (ledger.RecordID{}) {
		r.MeteringRecordId = v.ID.String()
	}
	return r
}

func batchOf(r *api.BatchMeterUsageRequest) metering.Batch {
	b := metering.Batch{Product: metering.ProductCode(value(r.ProductCode)), Usages: make([]metering.Usage, len(r.UsageRecords))}
	for i, record := range r.UsageRecords {
		b.Usages[i] = metering.Usage{
			Timestamp:   *record.Timestamp,
			Dimension:   metering.Dimension(*record.Dimension),
			Customer:    metering.CustomerID(value(record.CustomerIdentifier)),
			Account:     metering.AccountID(value(record.CustomerAWSAccountId)),
			License:     metering.LicenseARN(value(record.LicenseArn)),
			Quantity:    value(record.Quantity),
			Allocations: allocationsOf(record.UsageAllocations),
		}
	}
	return b
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
