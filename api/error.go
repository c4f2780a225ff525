package api

import "fmt"

// Error is a refusal as it stands on the wire: a shape name, a message, and
// the HTTP status both travel with. Modelled exceptions have one of the names
// below; the framework in front of the service adds some of its own.
type Error struct {
	// Name is the short shape name, which goes into the body as __type.
	Name ExceptionName
	// Message may be empty: the framework sends some errors without one.
	Message string
	// Status is the HTTP status code.
	Status int
}

func (e *Error) Error() string {
	if e.Message == "" {
		return string(e.Name)
	}
	return fmt.Sprintf("%s: %s", e.Name, e.Message)
}

// ExceptionName is the short shape name of an exception.
type ExceptionName string

// The nineteen modelled exceptions.
const (
	CustomerNotEntitledException       ExceptionName = "CustomerNotEntitledException"
	DisabledApiException               ExceptionName = "DisabledApiException"
	DuplicateRequestException          ExceptionName = "DuplicateRequestException"
	ExpiredTokenException              ExceptionName = "ExpiredTokenException"
	IdempotencyConflictException       ExceptionName = "IdempotencyConflictException"
	InternalServiceErrorException      ExceptionName = "InternalServiceErrorException"
	InvalidCustomerIdentifierException ExceptionName = "InvalidCustomerIdentifierException"
	InvalidEndpointRegionException     ExceptionName = "InvalidEndpointRegionException"
	InvalidLicenseException            ExceptionName = "InvalidLicenseException"
	InvalidProductCodeException        ExceptionName = "InvalidProductCodeException"
	InvalidPublicKeyVersionException   ExceptionName = "InvalidPublicKeyVersionException"
	InvalidRegionException             ExceptionName = "InvalidRegionException"
	InvalidTagException                ExceptionName = "InvalidTagException"
	InvalidTokenException              ExceptionName = "InvalidTokenException"
	InvalidUsageAllocationsException   ExceptionName = "InvalidUsageAllocationsException"
	InvalidUsageDimensionException     ExceptionName = "InvalidUsageDimensionException"
	PlatformNotSupportedException      ExceptionName = "PlatformNotSupportedException"
	ThrottlingException                ExceptionName = "ThrottlingException"
	TimestampOutOfBoundsException      ExceptionName = "TimestampOutOfBoundsException"
)

// Names that the framework in front of the service uses.
const (
	AccessDeniedException                ExceptionName = "AccessDeniedException"
	IncompleteSignatureException         ExceptionName = "IncompleteSignatureException"
	InvalidSignatureException            ExceptionName = "InvalidSignatureException"
	MissingAuthenticationTokenException  ExceptionName = "MissingAuthenticationTokenException"
	RequestEntityTooLargeException       ExceptionName = "RequestEntityTooLargeException"
	RequestHeaderFieldsTooLargeException ExceptionName = "RequestHeaderFieldsTooLargeException"
	RequestTimeoutException              ExceptionName = "RequestTimeoutException"
	SerializationException               ExceptionName = "SerializationException"
	ServiceUnavailableException          ExceptionName = "ServiceUnavailableException"
	UnknownOperationException            ExceptionName = "UnknownOperationException"
	UnrecognizedClientException          ExceptionName = "UnrecognizedClientException"
	ValidationException                  ExceptionName = "ValidationException"
)

// Exception describes one modelled exception.
type Exception struct {
	Name ExceptionName
	// Status is 400, but for 409 and 500.
	Status int
	// Operations that may answer with it.
	Operations []Operation
	// Text says in general what happened; a reply may add the particulars.
	Text string
	// Observed says that the text was seen on the real service, whole; the
	// others are those of the documentation.
	Observed bool
}

// Exceptions is the model's table: which operation may answer with what, and
// with which status (M0007). The texts are AWS's documented or observed ones
// (M0033), because clients have grown to match parts of them; that of
// ThrottlingException is its framework's (M0034).
var Exceptions = []Exception{
	{CustomerNotEntitledException, 400, ops(MeterUsage, RegisterUsage), "Exception thrown when the customer does not have a valid subscription for the product.", false},
	{DisabledApiException, 400, ops(BatchMeterUsage, RegisterUsage, ResolveCustomer), "The API is disabled in the Region.", false},
	{DuplicateRequestException, 400, ops(MeterUsage), "A metering record has already been emitted by the same EC2 instance, ECS task, or EKS pod for the given {usageDimension, timestamp} with a different usageQuantity.", false},
	{ExpiredTokenException, 400, ops(ResolveCustomer), "The submitted registration token has expired.", false},
	{IdempotencyConflictException, 409, ops(MeterUsage), "The ClientToken is being used for multiple requests.", false},
	{InternalServiceErrorException, 500, Operations[:], "An internal error has occurred. Retry your request. If the problem persists, post a message with details on the AWS forums.", false},
	{InvalidCustomerIdentifierException, 400, ops(BatchMeterUsage), "You have metered usage for a CustomerIdentifier that does not exist.", false},
	{InvalidEndpointRegionException, 400, ops(MeterUsage), "The endpoint being called is in a AWS Region different from your EC2 instance, ECS task, or EKS pod. The Region of the Metering Service endpoint and the AWS Region of the resource must match.", false},
	{InvalidLicenseException, 400, ops(BatchMeterUsage), "Ensure the LicenseArn is valid, matches the customer, and usage is within the license activation period.", false},
	{InvalidProductCodeException, 400, ops(BatchMeterUsage, MeterUsage, RegisterUsage), "The product code passed does not match the product code used for publishing the product.", false},
	{InvalidPublicKeyVersionException, 400, ops(RegisterUsage), "Public Key version is invalid.", false},
	{InvalidRegionException, 400, ops(RegisterUsage), "RegisterUsage must be called in the same AWS Region the ECS task was launched in. This prevents a container from hardcoding a Region (e.g. withRegion(\"us-east-1\") when calling RegisterUsage.", false},
	{InvalidTagException, 400, ops(BatchMeterUsage, MeterUsage), "The tag is invalid, or the number of tags is greater than 5.", false},
	{InvalidTokenException, 400, ops(ResolveCustomer), "Registration token is invalid", true},
	{InvalidUsageAllocationsException, 400, ops(BatchMeterUsage, MeterUsage), "Sum of allocated usage quantities is not equal to the usage quantity.", false},
	{InvalidUsageDimensionException, 400, ops(BatchMeterUsage, MeterUsage), "The usage dimension does not match one of the UsageDimensions associated with products.", false},
	{PlatformNotSupportedException, 400, ops(RegisterUsage), "This operation can only be called from within an ECS task or an EKS pod", true},
	{ThrottlingException, 400, Operations[:], "Rate exceeded", false},
	{TimestampOutOfBoundsException, 400, ops(BatchMeterUsage, MeterUsage), "The timestamp value passed in the UsageRecord is out of allowed range. For BatchMeterUsage, if any of the records are outside of the allowed range, the entire batch is not processed. You must remove invalid records and try again.", false},
}

func ops(o ...Operation) []Operation { return o }
