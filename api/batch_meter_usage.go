package api

import "time"

// BatchMeterUsageRequest tells the usage of a SaaS product by several buyers.
// The seller's own credentials sign it.
type BatchMeterUsageRequest struct {
	// UsageRecords holds 0 to [RecordsMax] records. Required.
	UsageRecords []UsageRecord
	// ProductCode is needed by integrations that address buyers without a
	// LicenseArn, and is left out by those that send one.
	ProductCode *string
}

// BatchMeterUsageResult answers a batch: every record of the request is in
// exactly one of the two lists. A 200 does not mean that a record was
// accepted; its Status does.
type BatchMeterUsageResult struct {
	Results []UsageRecordResult
	// UnprocessedRecords met a passing fault. Send them again, unchanged.
	UnprocessedRecords []UsageRecord
}

// UsageRecord is the usage of one dimension by one buyer at one time. The hour
// (UTC) of Timestamp is what counts: there is one record for each buyer,
// dimension and hour.
type UsageRecord struct {
	// Timestamp is when the usage happened, in UTC. Milliseconds are kept,
	// finer fractions are not. Required.
	Timestamp *time.Time
	// Dimension is a key of the product's pricing dimensions; case matters.
	// Required, 1 to [NameCharsMax] characters.
	Dimension *string
	// CustomerIdentifier is the buyer's handle from ResolveCustomer, for
	// products older than 2026-06-01. Excludes CustomerAWSAccountId.
	CustomerIdentifier *string
	// CustomerAWSAccountId is the buyer's AWS account, digits only.
	CustomerAWSAccountId *string
	// LicenseArn names the licence, and so the agreement, that pays.
	LicenseArn *string
	// Quantity is 0 to [QuantityMax]; absent means 0. A 0 is a record too: no
	// other quantity can be told for that hour any more.
	Quantity *int64
	// UsageAllocations splits Quantity by tags; the parts must add up to it.
	UsageAllocations []UsageAllocation
}

// UsageAllocation is the part of a quantity that carries one set of tags.
type UsageAllocation struct {
	// AllocatedUsageQuantity is 0 to [QuantityMax]. Required.
	AllocatedUsageQuantity *int64
	// Tags holds 1 to [TagsMax] tags, or is left out for the untagged rest.
	Tags []Tag
}

// Tag is one key and value of an allocation. Both are required.
type Tag struct {
	Key   *string
	Value *string
}

// UsageRecordResult is the verdict on one record.
type UsageRecordResult struct {
	// UsageRecord echoes the record as it was sent.
	UsageRecord UsageRecord
	// MeteringRecordId names the accepted record; a retry gets the same one.
	MeteringRecordId string
	Status           UsageRecordResultStatus
}

// UsageRecordResultStatus is a verdict on a record.
type UsageRecordResultStatus string

const (
	// Success: the record counts, now or since an earlier identical call.
	Success UsageRecordResultStatus = "Success"
	// CustomerNotSubscribed: the buyer has no agreement that takes usage. The
	// record does not count and may be sent again later.
	CustomerNotSubscribed UsageRecordResultStatus = "CustomerNotSubscribed"
	// DuplicateRecord: another quantity was told earlier for the same buyer,
	// dimension and hour, and stands.
	DuplicateRecord UsageRecordResultStatus = "DuplicateRecord"
)
