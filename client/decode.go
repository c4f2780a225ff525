package client

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/meterd/meterd/api"
)

// decodeTime reads a time of either dialect.
func decodeTime(message json.RawMessage) (*time.Time, error) {
	if len(message) == 0 || string(message) == "null" {
		return nil, nil
	}
	if message[0] == '"' {
		var t time.Time
		if err := json.Unmarshal(message, &t); err != nil {
			return nil, fmt.Errorf("reading time: %w", err)
		}
		return new(t.UTC()), nil
	}
	const secondsMax = 1e12 // beyond any year that a text can name
	seconds, err := strconv.ParseFloat(string(message), 64)
	if err != nil || math.Abs(seconds) > secondsMax {
		return nil, fmt.Errorf("%.40s is no time", message)
	}
	return new(time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()), nil
}

func decodeBatch(body []byte) (*api.BatchMeterUsageResult, error) {
	var answer batchAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	var result api.BatchMeterUsageResult
	for _, m := range answer.Results {
		record, err := m.UsageRecord.decode()
		if err != nil {
			return nil, err
		}
		result.Results = append(result.Results, api.UsageRecordResult{UsageRecord: record, MeteringRecordId: m.MeteringRecordId, Status: m.Status})
	}
	for _, m := range answer.UnprocessedRecords {
		record, err := m.decode()
		if err != nil {
			return nil, err
		}
		result.UnprocessedRecords = append(result.UnprocessedRecords, record)
	}
	return &result, nil
}

func (m recordMessage) decode() (api.UsageRecord, error) {
	t, err := decodeTime(m.Timestamp)
	r := api.UsageRecord{
		Timestamp:            t,
		Dimension:            m.Dimension,
		CustomerIdentifier:   m.CustomerIdentifier,
		CustomerAWSAccountId: m.CustomerAWSAccountId,
		LicenseArn:           m.LicenseArn,
		Quantity:             m.Quantity,
	}
	for _, a := range m.UsageAllocations {
		allocation := api.UsageAllocation{AllocatedUsageQuantity: a.AllocatedUsageQuantity}
		for _, tag := range a.Tags {
			allocation.Tags = append(allocation.Tags, api.Tag(tag))
		}
		r.UsageAllocations = append(r.UsageAllocations, allocation)
	}
	return r, err
}

func decodeRegister(body []byte) (*api.RegisterUsageResult, error) {
	var answer registerAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	rotated, err := decodeTime(answer.PublicKeyRotationTimestamp)
	return &api.RegisterUsageResult{PublicKeyRotationTimestamp: rotated, Signature: answer.Signature}, err
}

// decodePlain reads an answer whose form is that of its type in api. A body
// that is null or empty is an answer without members.
func decodePlain[T any](body []byte) (*T, error) {
	var result T
	if err := json.Unmarshal(body, &result); err != nil {
		return nil, err
	}
	return &result, nil
}
