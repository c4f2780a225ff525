package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering/types"
)

// The structures of usage as they stand in JSON. The SDK's own have no JSON
// form, and its times would refuse what aws-cli takes.
type (
	usageRecord struct {
		Timestamp            *instant          `json:",omitempty"`
		CustomerIdentifier   *string           `json:",omitempty"`
		Dimension            *string           `json:",omitempty"`
		Quantity             *int32            `json:",omitempty"`
		UsageAllocations     []usageAllocation `json:",omitempty"`
		CustomerAWSAccountId *string           `json:",omitempty"`
		LicenseArn           *string           `json:",omitempty"`
	}
	usageAllocation struct {
		AllocatedUsageQuantity *int32
		Tags                   []usageTag `json:",omitempty"`
	}
	usageTag struct{ Key, Value *string }
)

// MarshalJSON writes a time as aws-cli does.
func (i instant) MarshalJSON() ([]byte, error) { return json.Marshal(timeText(time.Time(i))) }

// sdk returns the time for the SDK; nil stays nil.
func (i *instant) sdk() *time.Time { return (*time.Time)(i) }

func (r usageRecord) sdk() types.UsageRecord {
	return types.UsageRecord{
		Timestamp: r.Timestamp.sdk(), Dimension: r.Dimension, Quantity: r.Quantity,
		CustomerIdentifier: r.CustomerIdentifier, CustomerAWSAccountId: r.CustomerAWSAccountId, LicenseArn: r.LicenseArn,
		UsageAllocations: sdkAllocations(r.UsageAllocations),
	}
}

func sdkAllocations(list []usageAllocation) []types.UsageAllocation {
	var all []types.UsageAllocation
	for _, a := range list {
		allocation := types.UsageAllocation{AllocatedUsageQuantity: a.AllocatedUsageQuantity}
		for _, tag := range a.Tags {
			allocation.Tags = append(allocation.Tags, types.Tag{Key: tag.Key, Value: tag.Value})
		}
		all = append(all, allocation)
	}
	return all
}

func recordFromSDK(r types.UsageRecord) usageRecord {
	record := usageRecord{
		Timestamp: (*instant)(r.Timestamp), Dimension: r.Dimension, Quantity: r.Quantity,
		CustomerIdentifier: r.CustomerIdentifier, CustomerAWSAccountId: r.CustomerAWSAccountId, LicenseArn: r.LicenseArn,
	}
	for _, a := range r.UsageAllocations {
		allocation := usageAllocation{AllocatedUsageQuantity: a.AllocatedUsageQuantity}
		for _, tag := range a.Tags {
			allocation.Tags = append(allocation.Tags, usageTag{Key: tag.Key, Value: tag.Value})
		}
		record.UsageAllocations = append(record.UsageAllocations, allocation)
	}
	return record
}

// parseStructures reads the values of a list flag as aws-cli does: one JSON
// list, or structures in shorthand or JSON, each of them perhaps in a file.
func parseStructures[T any](arguments []string) ([]T, error) {
	var all []T
	for _, argument := range arguments {
		if argument == "-" {
			return nil, fmt.Errorf("stdin is read by --cli-input-json only")
		}
		text, err := readArgument(nil, argument)
		if err != nil {
			return nil, err
		}
		list, err := parseStructure[T](text)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func parseStructure[T any](text []byte) (list []T, err error) {
	text = bytes.TrimSpace(text)
	switch {
	case bytes.HasPrefix(text, []byte("[")):
		return list, decodeStrictly(text, &list)
	case !bytes.HasPrefix(text, []byte("{")):
		if text, err = parseShorthand(string(text)); err != nil {
			return nil, err
		}
	}
	list = make([]T, 1)
	return list, decodeStrictly(text, &list[0])
}
