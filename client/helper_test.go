package client

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/time/rate"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store/memstore"
)

// TestMain keeps the configuration of this machine out of the tests.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	os.Exit(m.Run())
}

const (
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	secretAPI = "key-that-nobody-may-see"
	licenseA  = "arn:aws:license-manager::111122223333:license:l-a"
	licenseB  = "arn:aws:license-manager::111122223333:license:l-b"
)

// market is the marketplace that the real service has in these tests.
func market(now time.Time) marketplace.State {
	year := now.AddDate(-1, 0, 0)
	dimensions := []marketplace.Dimension{{Key: "users"}, {Key: "gb"}}
	return marketplace.State{
		Settings: marketplace.DefaultSettings,
		Sellers: []marketplace.Seller{{
			Account: "111122223333",
			Credentials: []marketplace.Credential{
				{AccessKeyID: "AKIDSELLER", SecretAccessKey: secretKey, User: "app"},
				{AccessKeyID: "AKIDREADER", SecretAccessKey: secretKey, User: "reader", Allow: []string{"aws-marketplace:ResolveCustomer"}},
				{APIKey: secretAPI, User: "openapi"},
			},
			Products: []marketplace.Product{
				{Code: "saas", Kind: marketplace.SaaS, Mode: marketplace.Legacy, Dimensions: dimensions},
				{Code: "new", Kind: marketplace.SaaS, Mode: marketplace.Concurrent, Dimensions: dimensions},
				{Code: "box", Kind: marketplace.Container, Dimensions: dimensions},
			},
		}},
		Buyers: []marketplace.Buyer{
			{
				Account: "222233334444", CustomerIdentifier: "cust-1",
				Credentials: []marketplace.Credential{{AccessKeyID: "AKIDTASK", SecretAccessKey: secretKey, Platform: marketplace.ECS, Resource: "arn:aws:ecs:us-east-1:222233334444:task/demo/1"}},
				Agreements: []marketplace.Agreement{
					{Product: "saas", LicenseArn: licenseA, Status: marketplace.Active, Start: year},
					{Product: "new", LicenseArn: licenseB, Status: marketplace.Active, Start: year},
					{Product: "box", LicenseArn: licenseA + "-box", Status: marketplace.Active, Start: year},
				},
			},
			{
				Account: "333344445555", CustomerIdentifier: "cust-2",
				Agreements: []marketplace.Agreement{{Product: "saas", LicenseArn: licenseA + "-2", Status: marketplace.Pending, Start: year}},
			},
		},
		Tokens: []marketplace.Token{
			{Value: "tok+/=%41abc", LicenseArn: licenseA, Minted: now},
			{Value: "old", LicenseArn: licenseA, Minted: now.Add(-5 * time.Hour)},
		},
	}
}

// service is the real one, over a ledger in memory.
type service struct {
	*server.Server
	ledger *ledger.Ledger
	clock  *clock.Clock
}

func newService(t testing.TB) *service {
	t.Helper()
	c := new(clock.Clock)
	l, err := ledger.Open(t.Context(), ledger.Config{Store: memstore.New(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Apply(t.Context(), market(c.Now())); err != nil {
		t.Fatal(err)
	}
	return &service{server.New(server.Config{Ledger: l}), l, c}
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.clock.Now().Format(http.TimeFormat)) // the service's own time, as AWS sends it
	s.Server.ServeHTTP(w, r)
}

// quantities reads what the ledger holds, by buyer, dimension and hour.
func (s *service) quantities(t testing.TB) map[recordKey]int64 {
	t.Helper()
	found := map[recordKey]int64{}
	for r, err := range s.ledger.Records(t.Context(), ledger.RecordFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		found[recordKey{string(r.Buyer), r.Dimension, r.Hour.Unix()}] = r.Quantity
	}
	return found
}

type recordKey struct {
	buyer     string
	dimension metering.Dimension
	hour      int64
}

// transport answers requests in the process, so that a test's time may be
// synctest's.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func inProcess(h http.Handler) transport {
	return func(r *http.Request) (_ *http.Response, err error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		defer func() {
			if p := recover(); p == http.ErrAbortHandler {
				err = io.ErrUnexpectedEOF
			} else if p != nil {
				panic(p)
			}
		}()
		if r.Body == nil {
			r.Body = http.NoBody
		}
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, r)
		response := recorder.Result()
		for name, values := range response.Header { // as names come off a wire
			delete(response.Header, name)
			response.Header[http.CanonicalHeaderKey(name)] = values
		}
		return response, nil
	}
}

// wireRequest is a request as it was sent.
type wireRequest struct {
	header http.Header
	body   string
}

// script answers each request with the next step, and keeps the requests.
type script struct {
	mu    sync.Mutex
	steps []http.HandlerFunc
	seen  []wireRequest
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	s.seen = append(s.seen, wireRequest{r.Header.Clone(), string(body)})
	step := s.steps[min(len(s.seen), len(s.steps))-1]
	s.mu.Unlock()
	if w.Header().Get("Date") == "" {
		w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	step(w, r)
}

// say answers with a status and a body, in the first dialect.
func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("x-amzn-RequestId", "request-1")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func sayError(status int, name api.ExceptionName) http.HandlerFunc {
	return say(status, `{"__type":"`+string(name)+`","message":"because"}`)
}

// respond makes an answer without a body.
func respond(status int, errorType string) *http.Response {
	recorder := httptest.NewRecorder()
	if errorType != "" {
		recorder.Header().Set("x-amzn-ErrorType", errorType)
	}
	recorder.WriteHeader(status)
	return recorder.Result()
}

// impatient is the official retryer without its pauses.
func impatient() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

// configOf reaches a handler in the process, as the seller.
func configOf(h http.Handler) Config {
	return Config{
		Region:      "us-east-1",
		Endpoint:    "http://meterd.test",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDSELLER", secretKey, ""),
		HTTPClient:  &http.Client{Transport: inProcess(h)},
		Rate:        rate.Inf,
		WindowCheck: WindowCheckAlways,
	}
}

func newClient(t testing.TB, cfg Config) *Client {
	t.Helper()
	c, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// midMonth runs a test in a time of its own that is far from a month's end,
// which closes the hours before it.
func midMonth(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(14 * 24 * time.Hour)
		test(t)
	})
}

// usage is a valid record of the product saas.
func usage(quantity int64) api.UsageRecord {
	return api.UsageRecord{Timestamp: new(time.Now()), CustomerIdentifier: new("cust-1"), Dimension: new("users"), Quantity: &quantity}
}

func batchOf(records ...api.UsageRecord) *api.BatchMeterUsageRequest {
	return &api.BatchMeterUsageRequest{ProductCode: new("saas"), UsageRecords: records}
}
