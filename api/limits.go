package api

// Limits that the service's model and guide state (M0031). Text lengths count
// UTF-8 characters (Unicode code points), as the model's string lengths do.
const (
	// RecordsMax is the most UsageRecords one BatchMeterUsage may carry.
	RecordsMax = 25
	// RequestBytesLimit is the size a request body must stay below: 1 MB.
	RequestBytesLimit = 1 << 20
	// QuantityMax is the largest Quantity of a record and of an allocation.
	QuantityMax = 1<<31 - 1
	// AllocationsMax is the most UsageAllocations one record may carry.
	AllocationsMax = 2500
	// TagsMax is the most Tags one allocation may carry, and the most distinct
	// tag keys that all allocations of a record may use together.
	TagsMax = 5
	// TagKeyCharsMax and TagValueCharsMax bound the two halves of a Tag.
	TagKeyCharsMax   = 100
	TagValueCharsMax = 256
	// NameCharsMax bounds ProductCode, CustomerIdentifier, CustomerAWSAccountId,
	// Dimension and Nonce.
	NameCharsMax = 255
	// ClientTokenCharsMax bounds ClientToken, which may not be empty either.
	ClientTokenCharsMax = 64
)
