package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/recorder"
)

// In these examples the service is a meterd in memory, and now is its clock. A
// program leaves Client and Now out: then the service, its Region and the
// credentials come from where every AWS SDK finds them.
func exampleRecorder() (rec *recorder.Recorder, service *recorder.Service, end func()) {
	service = recorder.StartService()
	dir, err := os.MkdirTemp("", "recorder-example-*")
	if err != nil {
		log.Fatal(err)
	}
	rec, err = recorder.Open(context.Background(), recorder.Config{
		Dir: dir, Product: "demo-saas", Client: service.Client(), Now: service.Clock.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	return rec, service, func() {
		if err := rec.Close(context.Background()); err != nil && !errors.Is(err, recorder.ErrClosed) {
			log.Fatal(err)
		}
		service.Close()
		os.RemoveAll(dir)
	}
}

// wait waits for what happens in the background.
func wait(until func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !until() && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
}

func Example() {
	ctx := context.Background()
	rec, service, end := exampleRecorder() // recorder.Open(ctx, recorder.Config{Dir: …, Product: …})
	defer end()

	customer := recorder.Customer{AWSAccountID: "222233334444"}
	for range 3 {
		if err := rec.Add(ctx, customer, "users", 1); err != nil {
			log.Fatal(err)
		}
	}
	// A web server stops taking requests before this.
	if err := rec.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("billed before the hour is over:", service.Billed("222233334444", "users"))
	// Output: billed before the hour is over: []
}

// Where a customer is looked up anyway, keep its counters: adding then costs a
// few nanoseconds.
func ExampleRecorder_Counter() {
	ctx := context.Background()
	rec, service, end := exampleRecorder()
	defer end()

	gb, err := rec.Counter(recorder.Customer{AWSAccountID: "222233334444"}, "gb", recorder.Tag{Key: "team", Value: "red"})
	if err != nil {
		log.Fatal(err)
	}
	for range 1000 {
		if err := gb.Add(ctx, 2); err != nil {
			log.Fatal(err)
		}
	}
	if err := rec.Flush(ctx); err != nil { // The recorder does it every second.
		log.Fatal(err)
	}
	service.Clock.Advance(2 * time.Hour)
	wait(func() bool { return len(service.Billed("222233334444", "gb")) == 1 })
	fmt.Println(service.Billed("222233334444", "gb"))
	// Output: [2000]
}

// With the names of OpenTelemetry: a meter for each customer, with its counters.
func ExampleRecorder_Meter() {
	ctx := context.Background()
	rec, _, end := exampleRecorder()
	defer end()

	meter := rec.Meter(recorder.Customer{AWSAccountID: "222233334444"})
	users, err := meter.Counter("users")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(users.Add(ctx, 1), meter.Add(ctx, "gb", 5))
	// Output: <nil> <nil>
}

// What must not be lost, whatever happens, and may be repeated is an event.
func ExampleRecorder_AddEvent() {
	ctx := context.Background()
	rec, service, end := exampleRecorder()
	defer end()

	customer := recorder.Customer{AWSAccountID: "222233334444"}
	for range 2 { // A form that is posted twice.
		err := rec.AddEvent(ctx, recorder.Event{ID: "order-4711", Customer: customer, Dimension: "users", Quantity: 1})
		if err != nil {
			log.Fatal(err)
		}
	}
	service.Clock.Advance(2 * time.Hour)
	wait(func() bool { return len(service.Billed("222233334444", "users")) == 1 })
	fmt.Println(service.Billed("222233334444", "users"))
	// Output: [1]
}

// When AWS tells that a customer cancels, its last usage is taken for an hour.
func ExampleRecorder_CloseCustomer() {
	ctx := context.Background()
	rec, service, end := exampleRecorder()
	defer end()

	customer := recorder.Customer{AWSAccountID: "222233334444"}
	if err := rec.Add(ctx, customer, "users", 7); err != nil {
		log.Fatal(err)
	}
	if err := rec.CloseCustomer(ctx, customer); err != nil {
		log.Fatal(err)
	}
	wait(func() bool { return len(service.Billed("222233334444", "users")) == 1 })
	fmt.Println(service.Billed("222233334444", "users"))
	// Output: [7]
}

// Tell your monitoring how metering is.
func ExampleRecorder_Status() {
	ctx := context.Background()
	rec, _, end := exampleRecorder()
	defer end()

	status, err := rec.Status(ctx)
	if err != nil {
		log.Fatal(err)
	}
	healthy := status.FlushError == "" && len(status.Refused) == 0 && len(status.Troubles) == 0 && status.DeadLetters == 0
	fmt.Println(healthy)
	// Output: true
}

// What the service refuses waits for a person, with the reason in plain words.
func ExampleRecorder_DeadLetters() {
	ctx := context.Background()
	rec, _, end := exampleRecorder()
	defer end()

	customer := recorder.Customer{AWSAccountID: "888899990000"} // Never bought.
	if err := rec.Add(ctx, customer, "users", 7); err != nil {
		log.Fatal(err)
	}
	if err := rec.CloseCustomer(ctx, customer); err != nil {
		log.Fatal(err)
	}
	var letters []recorder.DeadLetter
	wait(func() bool {
		letters, _ = rec.DeadLetters(ctx)
		return len(letters) == 1
	})
	for _, d := range letters {
		fmt.Printf("%s: %s\n", d.Usage, d.Cause)
		if err := rec.Discard(ctx, d.ID, "billing@example.com", "a test account of ours"); err != nil {
			log.Fatal(err)
		}
	}
	// Output: 7 users of 888899990000: CustomerNotSubscribed
}

// Keep with the account what usage is told with; client.RegistrationHandler has
// the answer for you.
func ExampleCustomerOf() {
	fmt.Println(recorder.CustomerOf(api.ResolveCustomerResult{
		ProductCode: "your-product-code", CustomerIdentifier: "cust-1", CustomerAWSAccountId: "222233334444",
	}))
	// Output: 222233334444
}
