package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"github.com/meterd/meterd/api"
)

// Client calls the service. It is safe for concurrent use; make one and keep
// it, because it keeps connections, the service's clock and the pace.
type Client struct {
	url            *url.URL
	region         string
	dialect        dialect
	apiKey         string
	credentials    aws.CredentialsProvider
	http           *http.Client
	attemptTimeout time.Duration
	retryer        aws.Retryer

	clock        clocks
	checksWindow bool
	pace         *pace
}

// Endpoint returns the URL that calls go to.
func (c *Client) Endpoint() string { return c.url.String() }

// Region returns the Region that calls are signed for; empty with an API key
// and none configured.
func (c *Client) Region() string { return c.region }

// BatchMeterUsage tells the usage of a SaaS product: at most [api.RecordsMax]
// records, of less than 1 MB together. Without an error, look at the Status of
// each result and at UnprocessedRecords: a call that succeeded may have
// accepted nothing. [Client.SubmitAll] does that, for any number of records.
func (c *Client) BatchMeterUsage(ctx context.Context, r *api.BatchMeterUsageRequest) (*api.BatchMeterUsageResult, error) {
	if refusal := checkBatch(r); refusal != nil {
		return nil, refuse(api.BatchMeterUsage, refusal)
	}
	for i := range r.UsageRecords {
		if refusal := c.checkWindow(ctx, batchWindow, *r.UsageRecords[i].Timestamp); refusal != nil {
			return nil, refuse(api.BatchMeterUsage, refusal)
		}
	}
	body, err := c.dialect.batch(r)
	if err != nil {
		return nil, err
	}
	result, _, err := c.sendBatch(ctx, body, nil)
	return result, err
}

// sendBatch also reports whether an attempt before the last may have been
// carried out.
func (c *Client) sendBatch(ctx context.Context, body []byte, p *pace) (result *api.BatchMeterUsageResult, unknown bool, err error) {
	if len(body) >= api.RequestBytesLimit {
		return nil, false, refuse(api.BatchMeterUsage, tooLarge(len(body)))
	}
	x := &call{operation: api.BatchMeterUsage, body: body, pace: p}
	result, err = send(ctx, c, x, decodeBatch)
	return result, x.unknown, err
}

// MeterUsage tells the usage of an AMI, container or agent product from inside
// the buyer's environment. A request without ClientToken gets one, which all
// attempts of this call share.
func (c *Client) MeterUsage(ctx context.Context, r *api.MeterUsageRequest) (*api.MeterUsageResult, error) {
	if refusal := checkMeter(r); refusal != nil {
		return nil, refuse(api.MeterUsage, refusal)
	}
	if refusal := c.checkWindow(ctx, meterWindow, *r.Timestamp); refusal != nil {
		return nil, refuse(api.MeterUsage, refusal)
	}
	request := *r
	if request.ClientToken == nil {
		request.ClientToken = new(uuid.NewString())
	}
	body, err := c.dialect.meterUsage(&request)
	if err != nil {
		return nil, err
	}
	if len(body) >= api.RequestBytesLimit {
		return nil, refuse(api.MeterUsage, tooLarge(len(body)))
	}
	return send(ctx, c, &call{operation: api.MeterUsage, body: body}, decodePlain[api.MeterUsageResult])
}

// RegisterUsage asks whether the buyer of this container may run it, and
// starts its hourly metering. Send a random Nonce and hand the Signature to
// [VerifyRegistration]: without that anybody could have answered.
func (c *Client) RegisterUsage(ctx context.Context, r *api.RegisterUsageRequest) (*api.RegisterUsageResult, error) {
	if invalid := api.ValidationError(r.Violations()); invalid != nil {
		return nil, refuse(api.RegisterUsage, invalid)
	}
	body, err := encode(registerMessage(*r))
	if err != nil {
		return nil, err
	}
	return send(ctx, c, &call{operation: api.RegisterUsage, body: body}, decodeRegister)
}

// ResolveCustomer exchanges a registration token for the identity of the buyer
// that brought it. [RegistrationHandler] does it for a whole landing page.
func (c *Client) ResolveCustomer(ctx context.Context, r *api.ResolveCustomerRequest) (*api.ResolveCustomerResult, error) {
	if invalid := api.ValidationError(r.Violations()); invalid != nil {
		return nil, refuse(api.ResolveCustomer, invalid)
	}
	body, err := encode(r)
	if err != nil {
		return nil, err
	}
	return send(ctx, c, &call{operation: api.ResolveCustomer, body: body}, decodePlain[api.ResolveCustomerResult])
}
