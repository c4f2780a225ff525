package client

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/meterd/meterd/api"
)

func encode(message any) ([]byte, error) {
	body, err := json.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encoding request: %w", err)
	}
	return body, nil
}

func (d dialect) batch(r *api.BatchMeterUsageRequest) ([]byte, error) {
	m := batchMessage{UsageRecords: make([]json.RawMessage, len(r.UsageRecords)), ProductCode: r.ProductCode}
	for i := range r.UsageRecords {
		record, err := d.record(&r.UsageRecords[i])
		if err != nil {
			return nil, err
		}
		m.UsageRecords[i] = record
	}
	return encode(m)
}

func (d dialect) record(r *api.UsageRecord) ([]byte, error) {
	return encode(recordMessage{
		Timestamp:            d.time(r.Timestamp),
		Dimension:            r.Dimension,
		CustomerIdentifier:   r.CustomerIdentifier,
		CustomerAWSAccountId: r.CustomerAWSAccountId,
		LicenseArn:           r.LicenseArn,
		Quantity:             r.Quantity,
		UsageAllocations:     allocationMessages(r.UsageAllocations),
	})
}

func (d dialect) meterUsage(r *api.MeterUsageRequest) ([]byte, error) {
	return encode(meterMessage{
		ProductCode:      r.ProductCode,
		Timestamp:        d.time(r.Timestamp),
		UsageDimension:   r.UsageDimension,
		UsageQuantity:    r.UsageQuantity,
		DryRun:           r.DryRun,
		UsageAllocations: allocationMessages(r.UsageAllocations),
		ClientToken:      r.ClientToken,
	})
}

func allocationMessages(list []api.UsageAllocation) (messages []allocationMessage) {
	for _, a := range list {
		m := allocationMessage{AllocatedUsageQuantity: a.AllocatedUsageQuantity}
		for _, t := range a.Tags {
			m.Tags = append(m.Tags, tagMessage(t))
		}
		messages = append(messages, m)
	}
	return messages
}

// time writes t to the millisecond, which is as fine as the service reads.
func (d dialect) time(t *time.Time) json.RawMessage {
	if t == nil {
		return nil
	}
	if d == plainJSON {
		return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.999Z"`)
	}
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64)
}
