package wire

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

// capturesCount is how many requests testdata/wire holds; one that is missed by
// the pattern would otherwise go unnoticed.
const capturesCount = 26

// TestCapturedRequests decodes what real clients sent.
func TestCapturedRequests(t *testing.T) {
	paths, err := filepath.Glob("testdata/wire/*/*.http")
	if err != nil || len(paths) != capturesCount {
		t.Fatalf("found %d captures (%v), want %d", len(paths), err, capturesCount)
	}
	for _, path := range paths {
		client := filepath.Base(filepath.Dir(path))
		t.Run(client+"/"+filepath.Base(path), func(t *testing.T) {
			request, body := readCapture(t, path)
			dialect, refusal := DialectOf(request.Header, true)
			if refusal != nil {
				t.Fatalf("no dialect: %s", refusal.Body)
			}
			if plain := client == "datafire-2.0.0" || client == "openapi-generator-js-7.9.0"; plain != (dialect == PlainJSON) {
				t.Errorf("dialect is %s", dialect)
			}
			op, failure := OperationOf(request.Header, request.URL.RawQuery, body, dialect)
			if failure != nil || string(op)+".http" != filepath.Base(path) {
				t.Fatalf("operation is %q, error %v", op, failure)
			}
			got, failure := decodeAny(op, body, dialect)
			if failure != nil {
				t.Fatalf("decoding: %v", failure)
			}
			if diff := cmp.Diff(capturedMeaning(client, op, got), got); diff != "" {
				t.Errorf("decoded otherwise than meant (-want +got):\n%s", diff)
			}
		})
	}
}

func readCapture(t *testing.T, path string) (*http.Request, string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatal(err)
	}
	return request, string(body)
}

// decodeAny decodes the body of any of the four operations.
func decodeAny(op api.Operation, body string, d Dialect) (any, *api.Error) {
	switch op {
	case api.BatchMeterUsage:
		return DecodeBatchMeterUsage(body, d)
	case api.MeterUsage:
		return DecodeMeterUsage(body, d)
	case api.RegisterUsage:
		return DecodeRegisterUsage(body, d)
	default:
		return DecodeResolveCustomer(body, d)
	}
}

// capturedMeaning is what the client was asked to send. Which ClientToken it
// made up is taken from got; that it made one up is not.
func capturedMeaning(client string, op api.Operation, got any) any {
	product := new("prod-abc123")
	at := time.Date(2026, 11, 22, 0, 30, 45, 123e6, time.UTC)
	if client == "boto3-1.43" {
		at = at.Truncate(time.Second)
	}
	switch op {
	case api.BatchMeterUsage:
		return &api.BatchMeterUsageRequest{ProductCode: product, UsageRecords: []api.UsageRecord{{
			Timestamp: &at, CustomerIdentifier: new("cust-1"), Dimension: new("users"), Quantity: new(int64(7)),
			UsageAllocations: []api.UsageAllocation{{AllocatedUsageQuantity: new(int64(7)), Tags: []api.Tag{{Key: new("team"), Value: new("red")}}}},
		}, {
			Timestamp:          new(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)),
			CustomerIdentifier: new("cust-2"), Dimension: new("users"), Quantity: new(int64(0)),
		}}}
	case api.MeterUsage:
		want := &api.MeterUsageRequest{ProductCode: product, Timestamp: &at, UsageDimension: new("users"), UsageQuantity: new(int64(3)), DryRun: new(false)}
		if client == "boto3-1.43" || client == "aws-sdk-go-v2" || client == "aws-sdk-js-v3" {
			want.ClientToken = new("none was decoded")
			if token := got.(*api.MeterUsageRequest).ClientToken; token != nil && len(*token) == 36 {
				want.ClientToken = token
			}
		}
		return want
	case api.RegisterUsage:
		return &api.RegisterUsageRequest{ProductCode: product, PublicKeyVersion: new(int64(1)), Nonce: new("n-1")}
	default:
		return &api.ResolveCustomerRequest{RegistrationToken: new("tok+/=abc")}
	}
}
