package metering

import "time"

// Names that must not be mistaken for one another.
type (
	// AccountID is an AWS account.
	AccountID string
	// ProductCode is the metering code of a product.
	ProductCode string
	// CustomerID is the handle that older integrations know a buyer by.
	CustomerID string
	// LicenseARN is one licence, and so one agreement.
	LicenseARN string
	// Dimension is a pricing dimension's key; case matters.
	Dimension string
	// Region is an AWS Region.
	Region string
	// Resource is what runs a product: instance, task, pod or runtime.
	Resource string
)

// Usage is one record as a caller told it; empty names were not told (M0136).
type Usage struct {
	Timestamp time.Time
	Dimension Dimension
	Customer  CustomerID
	Account   AccountID
	License   LicenseARN
	// Quantity is 0 when the caller told none (M0106).
	Quantity int64
	// Allocations is nil when the caller told none, which differs from an
	// empty list.
	Allocations []Allocation
}

// Allocation is the part of a quantity with one set of tags.
type Allocation struct {
	Quantity int64
	// Tags is nil for the untagged rest.
	Tags []Tag
}

// Tag is a key and value of an allocation.
type Tag struct{ Key, Value string }

// Batch is the usage that one BatchMeterUsage tells.
type Batch struct {
	// Product is empty when the caller told none.
	Product ProductCode
	Usages  []Usage
}

// MeterUsage is the usage that one MeterUsage tells.
type MeterUsage struct {
	Product     ProductCode
	Timestamp   time.Time
	Dimension   Dimension
	Quantity    int64
	Allocations []Allocation
	DryRun      bool
	// ClientToken is empty when the caller sent none.
	ClientToken string
}

// Status is the verdict on one record of a batch.
type Status string

const (
	Success               Status = "Success"
	CustomerNotSubscribed Status = "CustomerNotSubscribed"
	DuplicateRecord       Status = "DuplicateRecord"
)

// HourOf returns the hour that a record of time t counts in: M0101, the UTC
// hour, rounded down. Times before 1970 have the hour 0; no window reaches them.
func HourOf(t time.Time) uint32 {
	return uint32(max(0, t.Unix()/3600))
}
