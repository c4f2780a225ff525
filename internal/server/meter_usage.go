package server

import (
	"context"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
)

func (s *Server) meterUsage(ctx context.Context, x *exchange, r *api.MeterUsageRequest) (*api.MeterUsageResult, error) {
	id, err := s.ledger.MeterUsage(ctx, x.call, metering.MeterUsage{
		Product:     metering.ProductCode(*r.ProductCode),
		Timestamp:   *r.Timestamp,
		Dimension:   metering.Dimension(*r.UsageDimension),
		Quantity:    value(r.UsageQuantity),
		Allocations: allocationsOf(r.UsageAllocations),
		DryRun:      value(r.DryRun),
		ClientToken: value(r.ClientToken),
	})
	if err != nil {
		return nil, err
	}
	if id == (ledger.RecordID{}) { // a dry run
		return &api.MeterUsageResult{}, nil
	}
	s.metrics.records.WithLabelValues(string(api.Success)).Inc()
	return &api.MeterUsageResult{MeteringRecordId: id.String()}, nil
}
