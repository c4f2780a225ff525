package client

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

// Each operation against the real service, in both dialects.
func TestOperations(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"signed":  func(*Config) {},
		"API key": func(c *Config) { c.APIKey, c.Credentials = secretAPI, nil },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configOf(newService(t))
			change(&cfg)
			c := newClient(t, cfg)
			record := usage(7)
			record.UsageAllocations = []api.UsageAllocation{{AllocatedUsageQuantity: new(int64(7)), Tags: []api.Tag{{Key: new("team"), Value: new("ré d")}}}}
			if _, err := c.BatchMeterUsage(t.Context(), batchOf(record)); !Is(err, api.InvalidTagException) {
				t.Errorf("a tag with é: %v", err)
			}
			record.UsageAllocations[0].Tags[0].Value = new("red")
			first, err := c.BatchMeterUsage(t.Context(), batchOf(record, usage(0)))
			if err != nil {
				t.Fatal(err)
			}
			if first.Results[0].Status != api.Success || first.Results[1].Status != api.DuplicateRecord {
				t.Errorf("results: %+v", first.Results)
			}
			want := record
			want.Timestamp = new(record.Timestamp.UTC().Truncate(time.Millisecond))
			if diff := cmp.Diff(want, first.Results[0].UsageRecord); diff != "" {
				t.Errorf("the echo differs from the record:\n%s", diff)
			}
			again, err := c.BatchMeterUsage(t.Context(), batchOf(record))
			if err != nil || again.Results[0].MeteringRecordId != first.Results[0].MeteringRecordId {
				t.Errorf("a retry: %+v, %v; want the id %s", again, err, first.Results[0].MeteringRecordId)
			}
			buyer, err := c.ResolveCustomer(t.Context(), &api.ResolveCustomerRequest{RegistrationToken: new("tok+/=%41abc")})
			if diff := cmp.Diff(&api.ResolveCustomerResult{CustomerIdentifier: "cust-1", ProductCode: "saas", CustomerAWSAccountId: "222233334444", LicenseArn: licenseA}, buyer); diff != "" || err != nil {
				t.Errorf("the buyer: %v\n%s", err, diff)
			}
		})
	}
}

func TestOperationsOfATask(t *testing.T) {
	cfg := configOf(newService(t))
	cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIDTASK", secretKey, "")
	c := newClient(t, cfg)
	r := &api.MeterUsageRequest{ProductCode: new("box"), Timestamp: new(time.Now()), UsageDimension: new("users"), UsageQuantity: new(int64(3))}
	first, err := c.MeterUsage(t.Context(), r)
	if err != nil || first.MeteringRecordId == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	if r.ClientToken != nil {
		t.Error("the caller's request was changed")
	}
	if again, err := c.MeterUsage(t.Context(), r); err != nil || *again != *first {
		t.Errorf("the same usage again: %+v, %v", again, err)
	}
	r.UsageQuantity = new(int64(4))
	if _, err := c.MeterUsage(t.Context(), r); !Is(err, api.DuplicateRequestException) {
		t.Errorf("another quantity: %v", err)
	}
	r.UsageQuantity, r.DryRun = new(int64(4)), new(true)
	if dry, err := c.MeterUsage(t.Context(), r); err != nil || dry.MeteringRecordId != "" {
		t.Errorf("a dry run: %+v, %v", dry, err)
	}
	if registered, err := c.RegisterUsage(t.Context(), &api.RegisterUsageRequest{ProductCode: new("box"), PublicKeyVersion: new(int64(1)), Nonce: new("n")}); err != nil || registered.Signature == "" {
		t.Errorf("RegisterUsage: %+v, %v", registered, err)
	}
}

func TestErrorsOfTheService(t *testing.T) {
	as := func(key, secret string) func(*Config) {
		return func(c *Config) { c.Credentials = credentials.NewStaticCredentialsProvider(key, secret, "") }
	}
	stranger := usage(1)
	stranger.CustomerIdentifier = new("nobody")
	for name, test := range map[string]struct {
		change func(*Config)
		record api.UsageRecord
		want   api.ExceptionName
	}{
		"unknown buyer":   {func(*Config) {}, stranger, api.InvalidCustomerIdentifierException},
		"no permission":   {as("AKIDREADER", secretKey), usage(1), api.AccessDeniedException},
		"unknown key":     {as("AKIDNOBODY", secretKey), usage(1), api.UnrecognizedClientException},
		"wrong secret":    {as("AKIDSELLER", "another"), usage(1), api.InvalidSignatureException},
		"unknown API key": {func(c *Config) { c.APIKey = "guess" }, usage(1), api.UnrecognizedClientException},
		"another account": {as("AKIDTASK", secretKey), usage(1), api.InvalidProductCodeException},
		"wrong Region":    {func(c *Config) { c.Region = "mars-1" }, usage(1), api.InvalidSignatureException},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configOf(newService(t))
			cfg.Retryer = impatient()
			test.change(&cfg)
			_, err := newClient(t, cfg).BatchMeterUsage(t.Context(), batchOf(test.record))
			var failure *Error
			var refusal *api.Error
			if !errors.As(err, &failure) || !errors.As(err, &refusal) || !Is(err, test.want) {
				t.Fatalf("%v, want %s", err, test.want)
			}
			if failure.Status != 400 || failure.RequestID == "" || failure.Attempts != 1 || failure.OutcomeUnknown || refusal != failure.API {
				t.Errorf("%+v", failure)
			}
			if e := failure.Explanation(); e.What == "" || e.Do == "" {
				t.Errorf("no explanation: %+v", e)
			}
		})
	}
}

func TestAnAPIKeyStandsAlone(t *testing.T) {
	s := &script{steps: []http.HandlerFunc{say(200, `{"Signature":"x"}`)}}
	cfg := configOf(s)
	cfg.APIKey = secretAPI
	if _, err := newClient(t, cfg).RegisterUsage(t.Context(), &api.RegisterUsageRequest{ProductCode: new("p"), PublicKeyVersion: new(int64(1))}); err != nil {
		t.Fatal(err)
	}
	h := s.seen[0].header
	if h.Get("Authorization") != secretAPI || h.Get("X-Amz-Date") != "" || h.Get("Content-Type") != "application/json" || h.Get("X-Amz-Target") != "AWSMPMeteringService.RegisterUsage" {
		t.Errorf("headers: %v", h)
	}
}
