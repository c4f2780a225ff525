package api

import "time"

// MeterUsageRequest tells the usage of an AMI, container or agent product from
// inside the buyer's environment, signed with the credentials of the EC2
// instance, ECS task, EKS pod or AgentCore runtime it runs on.
type MeterUsageRequest struct {
	// ProductCode is required.
	ProductCode *string
	// Timestamp is when the usage happened, in UTC. Required.
	Timestamp *time.Time
	// UsageDimension is 1 to [NameCharsMax] characters. Required.
	UsageDimension *string
	// UsageQuantity is 0 to [QuantityMax]; absent means 0.
	UsageQuantity *int64
	// DryRun asks for all checks and stores nothing.
	DryRun *bool
	// UsageAllocations splits UsageQuantity by tags.
	UsageAllocations []UsageAllocation
	// ClientToken makes retries of one call recognisable: 1 to
	// [ClientTokenCharsMax] characters. Most SDKs fill it in by themselves.
	ClientToken *string
}

// MeterUsageResult answers a MeterUsageRequest.
type MeterUsageResult struct {
	// MeteringRecordId is empty in the answer to a dry run.
	MeteringRecordId string
}
