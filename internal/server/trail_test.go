package server

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

var (
	app   = audit.Caller{Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/metering-app", AccessKeyID: "AKIDEXAMPLE"}
	ecs   = audit.Caller{Account: "222233334444", ARN: "arn:aws:sts::222233334444:assumed-role/meterd-ecs/1", AccessKeyID: "AKIDTASK", Platform: "ecs"}
	keyed = audit.Caller{Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/openapi-client"}
)

// trailed are calls and what the trail keeps of each beside the request's own
// particulars. Nothing is kept of a call without an entry.
func trailed(t *testing.T) []struct {
	name, raw string
	want      *audit.Entry
} {
	const usage = 1795307445000
	return []struct {
		name, raw string
		want      *audit.Entry
	}{
		{
			"batch", call{op: "BatchMeterUsage", body: batchBody}.raw(t),
			&audit.Entry{Operation: "BatchMeterUsage", Caller: app, Names: batchNames, Batch: &audit.Batch{ProductCode: "prod-abc123", Records: []audit.Record{
				{Timestamp: usage, Dimension: "users", Customer: "cust-1", Quantity: 7},
			}}},
		},
		{
			"meter", meterOn("prod-box", "users", `"ClientToken":"a"`).raw(t),
			&audit.Entry{Operation: "MeterUsage", Caller: ecs, Names: meterNames, Meter: &audit.Meter{ProductCode: "prod-box", Timestamp: usage, Dimension: "users", ClientToken: "a"}},
		},
		{
			"dry run", meterOn("prod-box", "users", `"DryRun":true`).raw(t),
			&audit.Entry{Operation: "MeterUsage", Caller: ecs, Meter: &audit.Meter{ProductCode: "prod-box", Timestamp: usage, Dimension: "users", DryRun: true}},
		},
		{
			"register", registration(t, 1, "n-1"),
			&audit.Entry{Operation: "RegisterUsage", Caller: ecs, Register: &audit.Register{ProductCode: "prod-box", PublicKeyVersion: 1, Nonce: "n-1"}},
		},
		{
			"resolve", plainCall("ResolveCustomer", resolveBody),
			&audit.Entry{Operation: "ResolveCustomer", Caller: keyed, Resolve: &audit.Resolve{ProductCode: "prod-abc123", Customer: "cust-1", Account: "222233334444", License: string(license)}},
		},
		{
			"refused by a rule", registerOn("prod-box", "2").raw(t),
			&audit.Entry{Operation: "RegisterUsage", Caller: ecs, Register: &audit.Register{ProductCode: "prod-box", PublicKeyVersion: 2}, Refused: "public-key-version", Message: "Product prod-box has no key of version 2; its newest is 1."},
		},
		{
			"refused by what stands", meterOn("prod-box", "users", `"UsageQuantity":9`).raw(t),
			&audit.Entry{Operation: "MeterUsage", Caller: ecs, Meter: &audit.Meter{ProductCode: "prod-box", Timestamp: usage, Dimension: "users", Quantity: 9}},
		},
		{
			"no document", call{op: "BatchMeterUsage", body: "{"}.raw(t),
			&audit.Entry{Operation: "BatchMeterUsage", Caller: app, Refused: "SerializationException"},
		},
		{
			"not allowed", call{op: "MeterUsage", body: meterBody, key: "AKIDREADER"}.raw(t),
			&audit.Entry{
				Operation: "MeterUsage", Caller: audit.Caller{Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/reader", AccessKeyID: "AKIDREADER"},
				Refused: "AccessDeniedException", Message: "User: arn:aws:iam::111122223333:user/reader is not authorized to perform: aws-marketplace:MeterUsage because no identity-based policy allows the aws-marketplace:MeterUsage action",
			},
		},
		{
			"not in the model", call{op: "ResolveCustomer", body: "{}"}.raw(t),
			&audit.Entry{Operation: "ResolveCustomer", Caller: app, Refused: "ValidationException", Message: "1 validation error detected: Value null at 'registrationToken' failed to satisfy constraint: Member must not be null"},
		},
		{"unknown operation", call{op: "Nonsense"}.raw(t), nil},
		{"wrong secret", call{op: "ResolveCustomer", body: resolveBody, secret: "guessed"}.raw(t), nil},
		{"unknown API key", strings.Replace(plainCall("ResolveCustomer", resolveBody), "YOUR API KEY", "GUESSED", 1), nil},
		{"unsigned", unsigned(resolveBody, "Content-Type: "+awsJSON), nil},
		{"too large", unsigned("", "Content-Type: "+awsJSON, "Content-Length: 2000000"), nil},
		{"no protocol", message("GET / HTTP/1.1", ""), nil},
	}
}

// batchNames and meterNames are said by the first calls that need them.
var (
	batchNames = []audit.Name{{ID: 1, Text: "111122223333/us-east-1"}, {ID: 2, Text: "prod-abc123"}, {ID: 3, Text: "222233334444"}, {ID: 4, Text: "users"}}
	meterNames = []audit.Name{
		{ID: 8, Text: "222233334444/us-east-1"}, {ID: 7, Text: ""}, {ID: 5, Text: "prod-box"},
		{ID: 6, Text: "arn:aws:ecs:us-east-1:222233334444:task/demo/1"},
	}
)

func TestEveryAnsweredCallIsInTheTrailOnce(t *testing.T) {
	s := open(t, wideMarket())
	for _, test := range trailed(t) {
		before := len(s.entries(t))
		a := s.do(t, strings.Replace(test.raw, "\r\n", "\r\nUser-Agent: test/1\r\n", 1))
		entries := s.entries(t)[before:]
		if test.want == nil {
			if len(entries) != 0 {
				t.Errorf("%s: the trail has %+v", test.name, entries)
			}
			continue
		}
		if len(entries) != 1 {
			t.Fatalf("%s: the trail has %d entries", test.name, len(entries))
		}
		test.want.Region, test.want.RequestID = "us-east-1", a.header["x-amzn-RequestId"]
		test.want.SourceIP, test.want.UserAgent = "192.0.2.1", "test/1"
		if diff := cmp.Diff(test.want, entries[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestThrottledCallsAreNotInTheTrail: writing them would cost what throttling
// saves.
func TestThrottledCallsAreNotInTheTrail(t *testing.T) {
	s := open(t, wideMarket(), throttledAt(t, "0.001"))
	for range 3 {
		s.do(t, call{op: "ResolveCustomer", body: resolveBody}.raw(t))
	}
	if n := len(s.entries(t)); n != 1 {
		t.Errorf("the trail has %d entries, want that of the first call", n)
	}
}

// TestTheTrailIsWrittenBeforeTheAnswer holds commits back: no byte of an answer
// may come, be it a good one or a refusal.
func TestTheTrailIsWrittenBeforeTheAnswer(t *testing.T) {
	over := &tampered{Store: memstore.New()}
	s := openOver(t, over, wideMarket())
	entered, leave := make(chan struct{}), make(chan struct{})
	over.commit = func(ctx context.Context, r *store.Request, next commit) error {
		entered <- struct{}{}
		<-leave
		return next(ctx, r)
	}
	server := listen(t, s)
	for i, test := range []struct {
		raw    string
		status int
	}{
		{call{op: "BatchMeterUsage", body: batchBody}.raw(t), 200},
		{call{op: "ResolveCustomer", body: resolveBody}.raw(t), 200},
		{registration(t, 1, "n"), 200},
		{registerOn("prod-box", "2").raw(t), 400},
		{call{op: "ResolveCustomer", body: "{}"}.raw(t), 400},
	} {
		c := server.dial(t)
		c.say(test.raw)
		<-entered
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if head, err := c.answers.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("an answer came before the commit: %q, %v", head, err)
		}
		leave <- struct{}{}
		if err := c.SetReadDeadline(time.Now().Add(answerMax)); err != nil {
			t.Fatal(err)
		}
		if a := c.hear(t, test.raw); a.status != test.status {
			t.Errorf("answer is %d %s, want %d", a.status, a.body, test.status)
		}
		if n := len(s.entries(t)); n != i+1 {
			t.Errorf("with the answer the trail has %d entries, want %d", n, i+1)
		}
	}
}
