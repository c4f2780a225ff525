// Package api holds the words of the AWS Marketplace Metering Service, API
// version 2016-01-14: requests, results, exceptions and limits, spelled as AWS
// spells them.
//
// Members are pointers where a caller may leave them out, because the service
// answers an absent member differently from an empty one. Go's new(x) makes
// that painless:
//
//	record := api.UsageRecord{
//		Timestamp:          new(time.Now()),
//		CustomerIdentifier: new("cust-1"),
//		Dimension:          new("users"),
//		Quantity:           new(int64(7)),
//	}
//
// The package knows the shape of a well-formed message ([Violation] says what
// the model forbids) and nothing of what the service decides about it. It
// imports nothing of meterd, does no I/O, and encodes nothing: bytes belong to
// the wire room on the server and to the client.
package api
