// Command go-v1 does livetest's scenarios with the AWS SDK for Go v1. It is a
// module of its own, so that nothing else depends on that SDK, which AWS no
// longer maintains but sellers still run.
package main

import (
	"encoding/json"
	"errors"
	"log"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/request"
	"github.com/aws/aws-sdk-go/aws/session"
	sdk "github.com/aws/aws-sdk-go/service/marketplacemetering"
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
	settings := aws.NewConfig().WithEndpoint(c.Endpoint).WithRegion(c.Region).WithCredentials(
		credentials.NewStaticCredentials(s.Credentials.AccessKeyID, s.Credentials.SecretAccessKey, s.Credentials.SessionToken))
	if s.Attempts > 0 {
		settings.WithMaxRetries(s.Attempts - 1)
	}
	client := sdk.New(session.Must(session.NewSession()), settings)
	switch s.Call {
	case "BatchMeterUsage":
		return call(s, client.BatchMeterUsageRequest)
	case "MeterUsage":
		return call(s, client.MeterUsageRequest)
	case "RegisterUsage":
		return call(s, client.RegisterUsageRequest)
	default:
		return call(s, client.ResolveCustomerRequest)
	}
}

// call does one call. The SDK's input types have the members of the wire, so
// that JSON fills them.
func call[In, Out any](s scenario, method func(*In) (*request.Request, *Out)) result {
	var input In
	if err := json.Unmarshal(s.Input, &input); err != nil {
		log.Fatalf("%s: %v", s.Name, err)
	}
	request, output := method(&input)
	err := request.Send()
	r := result{RequestID: request.RequestID, Attempts: request.RetryCount + 1}
	if err != nil {
		r.Error = failed(err)
		return r
	}
	r.Output = output
	return r
}

func failed(err error) *failure {
	f := &failure{Message: err.Error()}
	if e, ok := errors.AsType[awserr.Error](err); ok {
		f.Type, f.Message = e.Code(), e.Message()
	}
	if is, ok := typed[f.Type]; ok {
		f.Typed = is(err)
	}
	if e, ok := errors.AsType[awserr.RequestFailure](err); ok {
		f.Status = e.StatusCode()
	}
	return f
}

// typed maps the code of each exception that this SDK knows to the question
// whether an error is of the SDK's type for it.
var typed = map[string]func(error) bool{
	sdk.ErrCodeCustomerNotEntitledException:       is[*sdk.CustomerNotEntitledException],
	sdk.ErrCodeDisabledApiException:               is[*sdk.DisabledApiException],
	sdk.ErrCodeDuplicateRequestException:          is[*sdk.DuplicateRequestException],
	sdk.ErrCodeExpiredTokenException:              is[*sdk.ExpiredTokenException],
	sdk.ErrCodeInternalServiceErrorException:      is[*sdk.InternalServiceErrorException],
	sdk.ErrCodeInvalidCustomerIdentifierException: is[*sdk.InvalidCustomerIdentifierException],
	sdk.ErrCodeInvalidEndpointRegionException:     is[*sdk.InvalidEndpointRegionException],
	sdk.ErrCodeInvalidProductCodeException:        is[*sdk.InvalidProductCodeException],
	sdk.ErrCodeInvalidPublicKeyVersionException:   is[*sdk.InvalidPublicKeyVersionException],
	sdk.ErrCodeInvalidRegionException:             is[*sdk.InvalidRegionException],
	sdk.ErrCodeInvalidTagException:                is[*sdk.InvalidTagException],
	sdk.ErrCodeInvalidTokenException:              is[*sdk.InvalidTokenException],
	sdk.ErrCodeInvalidUsageAllocationsException:   is[*sdk.InvalidUsageAllocationsException],
	sdk.ErrCodeInvalidUsageDimensionException:     is[*sdk.InvalidUsageDimensionException],
	sdk.ErrCodePlatformNotSupportedException:      is[*sdk.PlatformNotSupportedException],
	sdk.ErrCodeThrottlingException:                is[*sdk.ThrottlingException],
	sdk.ErrCodeTimestampOutOfBoundsException:      is[*sdk.TimestampOutOfBoundsException],
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
