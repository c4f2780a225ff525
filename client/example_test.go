package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
)

func ExampleNew() {
	// Region, endpoint and credentials come from where every AWS SDK finds
	// them; in tests and for a meterd they can be said outright.
	c, err := client.New(context.Background(), client.Config{
		Region:      "us-east-1",
		Endpoint:    "http://127.0.0.1:8421",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Endpoint(), c.Region())
	// Output: http://127.0.0.1:8421/ us-east-1
}

// A key of meterd's catalog stands in for AWS credentials.
func ExampleNew_apiKey() {
	c, err := client.New(context.Background(), client.Config{Endpoint: "http://127.0.0.1:8421", APIKey: "YOUR API KEY"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Endpoint())
	_, err = client.New(context.Background(), client.Config{Region: "us-east-1", APIKey: "YOUR API KEY"})
	fmt.Println(err)
	// Output:
	// http://127.0.0.1:8421/
	// resolving endpoint: an API key needs Config.Endpoint, the URL of a meterd: AWS knows signatures only
}

// logged is a transport that sees each signed request, as middleware does.
type logged struct{ http.RoundTripper }

func (l logged) RoundTrip(r *http.Request) (*http.Response, error) {
	fmt.Println(r.Method, r.Header.Get("X-Amz-Target"))
	return l.RoundTripper.RoundTrip(r)
}

func ExampleNew_transport() {
	_, endpoint := sandbox()
	c, err := client.New(context.Background(), client.Config{
		Region: "us-east-1", Endpoint: endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDSELLER", "secret", ""),
		HTTPClient:  &http.Client{Transport: logged{http.DefaultTransport}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.ResolveCustomer(context.Background(), &api.ResolveCustomerRequest{RegistrationToken: new("tok+/=abc")}); err != nil {
		log.Fatal(err)
	}
	// Output: POST AWSMPMeteringService.ResolveCustomer
}

// Check records before they are stored or queued, without a call.
func ExampleClient_Check() {
	c := exampleClient("seller")
	record := api.UsageRecord{Timestamp: new(time.Now()), CustomerIdentifier: new("cust-1"), Dimension: new("users"), Quantity: new(int64(-7))}
	err := c.Check(new("prod-abc123"), &record, time.Now())
	fmt.Println(client.Is(err, api.ValidationException))
	record.Quantity = new(int64(7))
	fmt.Println(c.Check(new("prod-abc123"), &record, time.Now()))
	// Output:
	// true
	// <nil>
}

func ExampleClient_SubmitAll() {
	c := exampleClient("seller")
	hour := time.Now().Add(-time.Hour)
	record := func(customer, dimension string, quantity int64) api.UsageRecord {
		return api.UsageRecord{Timestamp: &hour, CustomerIdentifier: &customer, Dimension: &dimension, Quantity: &quantity}
	}
	records := []api.UsageRecord{
		record("cust-1", "users", 7),
		record("cust-1", "user", 7), // a misspelled dimension
		record("cust-2", "users", 3),
	}
	verdicts, err := c.SubmitAll(context.Background(), new("prod-abc123"), records)
	if err != nil {
		log.Fatal(err)
	}
	for i, v := range verdicts {
		switch v.Outcome {
		case client.Answered:
			fmt.Println(i, v.Status)
		case client.Refused:
			fmt.Println(i, "refused:", client.Is(v.Err, api.InvalidUsageDimensionException))
		default: // send the record again, as it is
			fmt.Println(i, v.Outcome)
		}
	}
	// Output:
	// 0 Success
	// 1 refused: true
	// 2 CustomerNotSubscribed
}

func ExampleClient_BatchMeterUsage() {
	c := exampleClient("seller")
	result, err := c.BatchMeterUsage(context.Background(), &api.BatchMeterUsageRequest{
		UsageRecords: []api.UsageRecord{{
			Timestamp:            new(time.Now()),
			CustomerAWSAccountId: new("222233334444"),
			LicenseArn:           new("arn:aws:license-manager::111122223333:license:l-0001"),
			Dimension:            new("users"),
			Quantity:             new(int64(7)),
			UsageAllocations: []api.UsageAllocation{
				{AllocatedUsageQuantity: new(int64(4)), Tags: []api.Tag{{Key: new("team"), Value: new("red")}}},
				{AllocatedUsageQuantity: new(int64(3))},
			},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Results[0].Status, len(result.UnprocessedRecords))
	// Output: Success 0
}

func ExampleClient_ResolveCustomer() {
	c := exampleClient("seller")
	buyer, err := c.ResolveCustomer(context.Background(), &api.ResolveCustomerRequest{RegistrationToken: new("tok+/=abc")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(buyer.CustomerAWSAccountId, buyer.ProductCode)
	// Output: 222233334444 prod-abc123
}

func ExampleClient_MeterUsage() {
	c := exampleClient("task") // inside the task or pod, client.New(ctx, client.Config{})
	usage := &api.MeterUsageRequest{
		ProductCode:    new("prod-box"),
		Timestamp:      new(time.Now()),
		UsageDimension: new("users"),
		UsageQuantity:  new(int64(3)),
	}
	if _, err := c.MeterUsage(context.Background(), usage); err != nil {
		log.Fatal(err)
	}
	usage.UsageQuantity = new(int64(4)) // too late: the hour has its quantity
	_, err := c.MeterUsage(context.Background(), usage)
	fmt.Println(client.Is(err, api.DuplicateRequestException))
	// Output: true
}

// RegisterUsage alone says whether the buyer may run the container; that it was
// AWS who said so is for [client.VerifyRegistration] to find out.
func ExampleClient_RegisterUsage() {
	c := exampleClient("task") // inside the task or pod, client.New(ctx, client.Config{})
	result, err := c.RegisterUsage(context.Background(), &api.RegisterUsageRequest{
		ProductCode: new("prod-box"), PublicKeyVersion: new(int64(1)), Nonce: new(rand.Text()),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Signature != "")
	// Output: true
}

// A paid container checks at its start that its buyer may run it.
func ExampleVerifyRegistration() {
	c := exampleClient("task")
	want := client.Registration{ProductCode: "prod-box", PublicKeyVersion: 1, Nonce: rand.Text()}
	result, err := c.RegisterUsage(context.Background(), &api.RegisterUsageRequest{
		ProductCode: &want.ProductCode, PublicKeyVersion: &want.PublicKeyVersion, Nonce: &want.Nonce,
	})
	switch {
	case client.Is(err, api.CustomerNotEntitledException):
		log.Fatal("there is no subscription to this product")
	case err != nil:
		log.Fatal(err)
	}
	if err := client.VerifyRegistration(result.Signature, publicKey(), want); err != nil {
		log.Fatal(err)
	}
	fmt.Println("registered")
	// Output: registered
}

// The page behind a product's registration URL.
func ExampleRegistrationHandler() {
	c := exampleClient("seller")
	welcome := func(_ context.Context, customer client.Customer) (string, error) {
		// Find or make the account here, and keep what usage is told with.
		return "https://app.example.com/welcome?account=" + customer.CustomerAWSAccountId, nil
	}
	mux := http.NewServeMux()
	mux.Handle("/register", client.RegistrationHandler(c, welcome, client.RegistrationOptions{
		Product: "Example Analytics", Contact: "support@example.com",
	}))
	site := httptest.NewServer(mux)
	defer site.Close()

	// This is what AWS Marketplace has the buyer's browser do.
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.PostForm(site.URL+"/register", url.Values{"x-amzn-marketplace-token": {"tok+/=abc"}})
	if err != nil {
		log.Fatal(err)
	}
	response.Body.Close()
	fmt.Println(response.Status, response.Header.Get("Location"))
	// Output: 303 See Other https://app.example.com/welcome?account=222233334444
}

func ExampleError() {
	c := exampleClient("seller")
	_, err := c.ResolveCustomer(context.Background(), &api.ResolveCustomerRequest{RegistrationToken: new("garbage")})
	var failure *client.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.API.Name, failure.Status, failure.Attempts, failure.RequestID != "")
		fmt.Println(failure.Explanation().Retry)
	}
	// Output:
	// InvalidTokenException 400 1 true
	// no, the answer stays the same
}

func ExampleIs() {
	c := exampleClient("seller")
	_, err := c.ResolveCustomer(context.Background(), &api.ResolveCustomerRequest{RegistrationToken: new("garbage")})
	fmt.Println(client.Is(err, api.InvalidTokenException), client.Is(err, api.ExpiredTokenException))
	// Output: true false
}

func ExampleExplain() {
	fmt.Print(client.Explain(api.ThrottlingException))
	// Output:
	// ThrottlingException
	//   What happened:    There were more calls per second than the account may make in this Region. This one was not carried out.
	//   Why, usually:     The quota is 10 calls per second for BatchMeterUsage and MeterUsage, 5 for RegisterUsage, for all programs of the account together.
	//   What to do:       Put 25 records into each call and slow down. Package client's SubmitAll does both.
	//   Will a retry do?  yes, unchanged and with growing pauses
}

func ExampleExplainResponse() {
	captured := `{"Results":[{"Status":"DuplicateRecord"}],"UnprocessedRecords":[]}`
	for _, e := range client.ExplainResponse(200, http.Header{}, []byte(captured)) {
		fmt.Println(e.Name, "-", e.Retry)
	}
	// Output: DuplicateRecord - no, the answer stays the same
}

func ExampleExplainStatus() {
	e := client.ExplainStatus(api.DuplicateRecord)
	fmt.Println(e.Retry)
	// Output: no, the answer stays the same
}

// What somebody kept of a failure: here the error of another SDK.
func ExampleExplainCapture() {
	kept := "An error occurred (InvalidTagException) when calling the BatchMeterUsage operation: The tag is invalid"
	for _, e := range client.ExplainCapture([]byte(kept)) {
		fmt.Println(e.Name)
	}
	// Output: InvalidTagException
}
