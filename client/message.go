package client

import (
	"encoding/json"

	"github.com/meterd/meterd/api"
)

// dialect is the way JSON is written. Answers are read in both.
type dialect int

const (
	// awsJSON is what the SDKs write: times are seconds since the epoch.
	awsJSON dialect = iota
	// plainJSON is what clients made from an OpenAPI document write: times are
	// ISO 8601 texts.
	plainJSON
)

func (d dialect) contentType() string {
	if d == plainJSON {
		return "application/json"
	}
	return "application/x-amz-json-1.1"
}

// The structures of the wire that api has with a time in them, or with members
// that must be left out rather than be null. Member names are the fields'.
type (
	batchMessage struct {
		UsageRecords []json.RawMessage
		ProductCode  *string `json:",omitempty"`
	}
	recordMessage struct {
		Timestamp            json.RawMessage     `json:",omitempty"`
		Dimension            *string             `json:",omitempty"`
		CustomerIdentifier   *string             `json:",omitempty"`
		CustomerAWSAccountId *string             `json:",omitempty"`
		LicenseArn           *string             `json:",omitempty"`
		Quantity             *int64              `json:",omitempty"`
		UsageAllocations     []allocationMessage `json:",omitempty"`
	}
	allocationMessage struct {
		AllocatedUsageQuantity *int64       `json:",omitempty"`
		Tags                   []tagMessage `json:",omitempty"`
	}
	tagMessage struct {
		Key   *string `json:",omitempty"`
		Value *string `json:",omitempty"`
	}
	meterMessage struct {
		ProductCode      *string             `json:",omitempty"`
		Timestamp        json.RawMessage     `json:",omitempty"`
		UsageDimension   *string             `json:",omitempty"`
		UsageQuantity    *int64              `json:",omitempty"`
		DryRun           *bool               `json:",omitempty"`
		UsageAllocations []allocationMessage `json:",omitempty"`
		ClientToken      *string             `json:",omitempty"`
	}
	registerMessage struct {
		ProductCode      *string `json:",omitempty"`
		PublicKeyVersion *int64  `json:",omitempty"`
		Nonce            *string `json:",omitempty"`
	}
	batchAnswer struct {
		Results []struct {
			UsageRecord      recordMessage
			MeteringRecordId string
			Status           api.UsageRecordResultStatus
		}
		UnprocessedRecords []recordMessage
	}
	registerAnswer struct {
		PublicKeyRotationTimestamp json.RawMessage
		Signature                  string
	}
)
