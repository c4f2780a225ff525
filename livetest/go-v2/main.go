// Command go-v2 does livetest's scenarios with the official AWS SDK for Go v2.
// It may not use anything of meterd's: it stands for a seller's program.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering/types"
	"github.com/aws/smithy-go"
	smithymiddleware "github.com/aws/smithy-go/middleware"
)

type config struct {
	Endpoint  string     `json:"endpoint"`
	Region    string     `json:"region"`
	Scenarios []scenario `json:"scenarios"`
}

type scenario struct {
	Name        string `json:"name"`
	Call        string `json:"call"`
	Attempts    int    `json:"attempts"`
	Credentials struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
	} `json:"credentials"`
	Input json.RawMessage `json:"input"`
}

type result struct {
	Scenario  string   `json:"scenario"`
	Output    any      `json:"output,omitempty"`
	Error     *failure `json:"error,omitempty"`
	RequestID string   `json:"requestId"`
	Attempts  int      `json:"attempts"`
}

type failure struct {
	Type    string `json:"type"`
	Typed   bool   `json:"typed"`
	Status  int    `json:"status"`
	Message string `json:"message"`
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		log.Fatal(err)
	}
	for _, s := range c.Scenarios {
		r := s.run(c)
		r.Scenario = s.Name
		if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
			log.Fatal(err)
		}
	}
}

func (s scenario) run(c config) result {
	client := marketplacemetering.New(marketplacemetering.Options{
		Region:           c.Region,
		BaseEndpoint:     aws.String(c.Endpoint),
		Credentials:      credentials.NewStaticCredentialsProvider(s.Credentials.AccessKeyID, s.Credentials.SecretAccessKey, s.Credentials.SessionToken),
		RetryMaxAttempts: s.Attempts,
	})
	switch s.Call {
	case "BatchMeterUsage":
		return call(s, client.BatchMeterUsage, func(o *marketplacemetering.BatchMeterUsageOutput) smithymiddleware.Metadata { return o.ResultMetadata })
	case "MeterUsage":
		return call(s, client.MeterUsage, func(o *marketplacemetering.MeterUsageOutput) smithymiddleware.Metadata { return o.ResultMetadata })
	case "RegisterUsage":
		return call(s, client.RegisterUsage, func(o *marketplacemetering.RegisterUsageOutput) smithymiddleware.Metadata { return o.ResultMetadata })
	default:
		return call(s, client.ResolveCustomer, func(o *marketplacemetering.ResolveCustomerOutput) smithymiddleware.Metadata { return o.ResultMetadata })
	}
}

// call does one call. The SDK's input types have the members of the wire, so
// that JSON fills them.
func call[In, Out any](s scenario, method func(context.Context, *In, ...func(*marketplacemetering.Options)) (*Out, error), metadata func(*Out) smithymiddleware.Metadata) result {
	var input In
	if err := json.Unmarshal(s.Input, &input); err != nil {
		log.Fatalf("%s: %v", s.Name, err)
	}
	output, err := method(context.Background(), &input)
	if err != nil {
		return failed(err)
	}
	id, _ := middleware.GetRequestIDMetadata(metadata(output))
	attempts, _ := retry.GetAttemptResults(metadata(output))
	return result{Output: output, RequestID: id, Attempts: len(attempts.Results)}
}

func failed(err error) result {
	r := result{Error: &failure{Message: err.Error()}, Attempts: 1}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		r.Error.Type, r.Error.Message = e.ErrorCode(), e.ErrorMessage()
	}
	if is, ok := typed[r.Error.Type]; ok {
		r.Error.Typed = is(err)
	}
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		r.Error.Status, r.RequestID = e.HTTPStatusCode(), e.ServiceRequestID()
	}
	if e, ok := errors.AsType[*retry.MaxAttemptsError](err); ok {
		r.Attempts = e.Attempt
	}
	return r
}

// typed maps the code of each exception to the question whether an error is of
// the SDK's type for it.
var typed = map[string]func(error) bool{
	"CustomerNotEntitledException":       is[*types.CustomerNotEntitledException],
	"DisabledApiException":               is[*types.DisabledApiException],
	"DuplicateRequestException":          is[*types.DuplicateRequestException],
	"ExpiredTokenException":              is[*types.ExpiredTokenException],
	"IdempotencyConflictException":       is[*types.IdempotencyConflictException],
	"InternalServiceErrorException":      is[*types.InternalServiceErrorException],
	"InvalidCustomerIdentifierException": is[*types.InvalidCustomerIdentifierException],
	"InvalidEndpointRegionException":     is[*types.InvalidEndpointRegionException],
	"InvalidLicenseException":            is[*types.InvalidLicenseException],
	"InvalidProductCodeException":        is[*types.InvalidProductCodeException],
	"InvalidPublicKeyVersionException":   is[*types.InvalidPublicKeyVersionException],
	"InvalidRegionException":             is[*types.InvalidRegionException],
	"InvalidTagException":                is[*types.InvalidTagException],
	"InvalidTokenException":              is[*types.InvalidTokenException],
	"InvalidUsageAllocationsException":   is[*types.InvalidUsageAllocationsException],
	"InvalidUsageDimensionException":     is[*types.InvalidUsageDimensionException],
	"PlatformNotSupportedException":      is[*types.PlatformNotSupportedException],
	"ThrottlingException":                is[*types.ThrottlingException],
	"TimestampOutOfBoundsException":      is[*types.TimestampOutOfBoundsException],
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
