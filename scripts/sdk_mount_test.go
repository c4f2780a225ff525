package scripts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/store/memstore"
)

// sdkMount calls with the official SDK for Go, which sends a ClientToken of its
// own with each MeterUsage that has none.
type sdkMount struct{ *frontDoor }

func openSDK(t *testing.T) *sdkMount { return &sdkMount{openFrontDoor(t, memstore.New())} }

// steered signs at the service's time in place of the machine's.
type steered struct {
	*v4.Signer
	now time.Time
}

func (s steered) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, payloadHash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, c, r, payloadHash, service, region, s.now, options...)
}

// unwrapped sends bodies that can only be read. Those of the SDK write themselves
// too, and once the SDK has closed them they answer that with io.EOF: if the
// service is quick, net/http takes that for a failure and closes the connection
// while the answer is being read.
type unwrapped struct{ *http.Client }

func (u unwrapped) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return u.Client.Do(r)
}

func (m *sdkMount) sdk(c caller) *marketplacemetering.Client {
	return marketplacemetering.New(marketplacemetering.Options{
		BaseEndpoint:     &m.url,
		Region:           string(c.region),
		Credentials:      credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
		HTTPClient:       unwrapped{m.client},
		HTTPSignerV4:     steered{v4.NewSigner(), m.now()},
		RetryMaxAttempts: 1,
	})
}

// refusal turns the SDK's error into ours. An exception of the model must have
// become an error of its own type.
func refusal(err error) error {
	var exception smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &exception) || !errors.As(err, &response) {
		return err
	}
	name := api.ExceptionName(exception.ErrorCode())
	var generic *smithy.GenericAPIError
	if _, ok := modelled(name); ok && errors.As(err, &generic) {
		return fmt.Errorf("the SDK has no type for %w", err)
	}
	return &api.Error{Name: name, Message: exception.ErrorMessage(), Status: response.HTTPStatusCode()}
}

func (m *sdkMount) batchMeterUsage(ctx context.Context, c caller, r *api.BatchMeterUsageRequest) (*api.BatchMeterUsageResult, error) {
	in := &marketplacemetering.BatchMeterUsageInput{ProductCode: r.ProductCode, UsageRecords: []types.UsageRecord{}}
	for _, u := range r.UsageRecords {
		quantity, err := int32Of(u.Quantity)
		if err != nil {
			return nil, err
		}
		allocations, err := allocationsOut(u.UsageAllocations)
		if err != nil {
			return nil, err
		}
		in.UsageRecords = append(in.UsageRecords, types.UsageRecord{
			Timestamp: u.Timestamp, Dimension: u.Dimension, CustomerIdentifier: u.CustomerIdentifier,
			CustomerAWSAccountId: u.CustomerAWSAccountId, LicenseArn: u.LicenseArn, Quantity: quantity, UsageAllocations: allocations,
		})
	}
	out, err := m.sdk(c).BatchMeterUsage(ctx, in)
	if err != nil {
		return nil, refusal(err)
	}
	result := new(api.BatchMeterUsageResult)
	for _, x := range out.Results {
		result.Results = append(result.Results, api.UsageRecordResult{
			UsageRecord: recordIn(*x.UsageRecord), MeteringRecordId: value(x.MeteringRecordId), Status: api.UsageRecordResultStatus(x.Status),
		})
	}
	for _, x := range out.UnprocessedRecords {
		result.UnprocessedRecords = append(result.UnprocessedRecords, recordIn(x))
	}
	return result, nil
}

func (m *sdkMount) meterUsage(ctx context.Context, c caller, r *api.MeterUsageRequest) (*api.MeterUsageResult, error) {
	quantity, err := int32Of(r.UsageQuantity)
	if err != nil {
		return nil, err
	}
	allocations, err := allocationsOut(r.UsageAllocations)
	if err != nil {
		return nil, err
	}
	out, err := m.sdk(c).MeterUsage(ctx, &marketplacemetering.MeterUsageInput{
		ProductCode: r.ProductCode, Timestamp: r.Timestamp, UsageDimension: r.UsageDimension, UsageQuantity: quantity,
		UsageAllocations: allocations, DryRun: r.DryRun, ClientToken: r.ClientToken,
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &api.MeterUsageResult{MeteringRecordId: value(out.MeteringRecordId)}, nil
}

func (m *sdkMount) registerUsage(ctx context.Context, c caller, r *api.RegisterUsageRequest) (*api.RegisterUsageResult, error) {
	version, err := int32Of(r.PublicKeyVersion)
	if err != nil {
		return nil, err
	}
	out, err := m.sdk(c).RegisterUsage(ctx, &marketplacemetering.RegisterUsageInput{ProductCode: r.ProductCode, PublicKeyVersion: version, Nonce: r.Nonce})
	if err != nil {
		return nil, refusal(err)
	}
	return &api.RegisterUsageResult{Signature: value(out.Signature), PublicKeyRotationTimestamp: out.PublicKeyRotationTimestamp}, nil
}

func (m *sdkMount) resolveCustomer(ctx context.Context, c caller, r *api.ResolveCustomerRequest) (*api.ResolveCustomerResult, error) {
	out, err := m.sdk(c).ResolveCustomer(ctx, &marketplacemetering.ResolveCustomerInput{RegistrationToken: r.RegistrationToken})
	if err != nil {
		return nil, refusal(err)
	}
	return &api.ResolveCustomerResult{
		CustomerIdentifier:   value(out.CustomerIdentifier),
		ProductCode:          value(out.ProductCode),
		CustomerAWSAccountId: value(out.CustomerAWSAccountId),
		LicenseArn:           value(out.LicenseArn),
	}, nil
}

// int32Of makes a quantity what the SDK takes. Nothing larger can be sent.
func int32Of(n *int64) (*int32, error) {
	if n == nil {
		return nil, nil
	}
	if *n > math.MaxInt32 || *n < math.MinInt32 {
		return nil, fmt.Errorf("the SDK cannot send %d", *n)
	}
	return new(int32(*n)), nil
}

func allocationsOut(list []api.UsageAllocation) ([]types.UsageAllocation, error) {
	if list == nil {
		return nil, nil
	}
	allocations := make([]types.UsageAllocation, len(list))
	for i, a := range list {
		quantity, err := int32Of(a.AllocatedUsageQuantity)
		if err != nil {
			return nil, err
		}
		allocations[i].AllocatedUsageQuantity = quantity
		if a.Tags != nil {
			allocations[i].Tags = []types.Tag{}
		}
		for _, tag := range a.Tags {
			allocations[i].Tags = append(allocations[i].Tags, types.Tag{Key: tag.Key, Value: tag.Value})
		}
	}
	return allocations, nil
}

func recordIn(u types.UsageRecord) api.UsageRecord {
	record := api.UsageRecord{
		Timestamp: u.Timestamp, Dimension: u.Dimension, CustomerIdentifier: u.CustomerIdentifier,
		CustomerAWSAccountId: u.CustomerAWSAccountId, LicenseArn: u.LicenseArn, Quantity: int64Of(u.Quantity),
	}
	for _, a := range u.UsageAllocations {
		allocation := api.UsageAllocation{AllocatedUsageQuantity: int64Of(a.AllocatedUsageQuantity)}
		for _, tag := range a.Tags {
			allocation.Tags = append(allocation.Tags, api.Tag{Key: tag.Key, Value: tag.Value})
		}
		record.UsageAllocations = append(record.UsageAllocations, allocation)
	}
	return record
}

func int64Of(n *int32) *int64 {
	if n == nil {
		return nil
	}
	return new(int64(*n))
}
