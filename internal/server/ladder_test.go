package server

import (
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// TestTheLowestRungAnswers sends requests that two rungs of the ladder would
// refuse: the lower one does (M0001).
func TestTheLowestRungAnswers(t *testing.T) {
	const (
		huge         = "Content-Length: 2000000"
		wrongProduct = `{"ProductCode":"nope","UsageRecords":[]}`
	)
	mismatch := refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	notAllowed := refused("AccessDeniedException", "User: arn:aws:iam::111122223333:user/reader is not authorized to perform: aws-marketplace:BatchMeterUsage because no identity-based policy allows the aws-marketplace:BatchMeterUsage action")
	invalid := refused("ValidationException", "1 validation error detected: Value null at 'usageRecords' failed to satisfy constraint: Member must not be null")
	throttled := refused("ThrottlingException", "Rate exceeded")

	// The throttle leaves every operation one call, which a good request takes.
	s := open(t, wideMarket(), throttledAt(t, "0.001"))
	if a := s.do(t, call{op: "BatchMeterUsage", body: batchBody}.raw(t)); a.status != 200 {
		t.Fatalf("the first call gets %d %s", a.status, a.body)
	}
	for _, row := range []malformed{
		{"protocol before body", unsigned("", "Content-Type: text/plain", huge), missingTokenXML},
		{"body before authentication", unsigned("", "Content-Type: "+awsJSON, huge), tooLarge},
		{"authentication before operation", call{op: "Nonsense", secret: "guessed"}.raw(t), mismatch},
		{"operation before document", call{op: "Nonsense", body: "{"}.raw(t), refused("UnknownOperationException", "")},
		{"document before permission", call{op: "BatchMeterUsage", body: "{", key: "AKIDREADER"}.raw(t), broken},
		{"permission before model", call{op: "BatchMeterUsage", body: "{}", key: "AKIDREADER"}.raw(t), notAllowed},
		{"model before throttle", call{op: "BatchMeterUsage", body: "{}"}.raw(t), invalid},
		{"throttle before rules", call{op: "BatchMeterUsage", body: wrongProduct}.raw(t), throttled},
		{"rules", call{op: "BatchMeterUsage", body: wrongProduct, region: "eu-west-1"}.raw(t), refused("InvalidProductCodeException", modelled["InvalidProductCodeException"].Text+` There is no product with code "nope". The code is not the product's prod-… id in the catalog of AWS Marketplace.`)},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := s.do(t, row.raw)
			if a.status != row.want.status || a.body != row.want.body {
				t.Errorf("answer is %d %s\nwant      %d %s", a.status, a.body, row.want.status, row.want.body)
			}
		})
	}
}

// TestRefusalsCanBeLeftUnexplained is M0193 switched off: AWS's text alone.
func TestRefusalsCanBeLeftUnexplained(t *testing.T) {
	market := wideMarket()
	market.Settings.Switches = map[string]string{"explainRefusals": "false"}
	a := open(t, market).do(t, call{op: "BatchMeterUsage", body: `{"ProductCode":"nope","UsageRecords":[]}`}.raw(t))
	if want := exception("InvalidProductCodeException", modelled["InvalidProductCodeException"].Text); a.body != want {
		t.Errorf("answer is %s\nwant      %s", a.body, want)
	}
}

// TestOlderProfilesEchoWhatTheyKnew is M0184: a member that the service of the
// time did not know is ignored and not echoed.
func TestOlderProfilesEchoWhatTheyKnew(t *testing.T) {
	const body = `{"ProductCode":"prod-abc123","UsageRecords":[{"Timestamp":1795307445,"CustomerIdentifier":"cust-1","CustomerAWSAccountId":"9","LicenseArn":"arn:aws:license-manager::111122223333:license:l-9","Dimension":"users"}]}`
	market := wideMarket()
	market.Settings.Profile = "2020"
	s := open(t, market)
	a := s.do(t, call{op: "BatchMeterUsage", body: body}.raw(t))
	want := `{"Results":[{"MeteringRecordId":"ID1","Status":"Success","UsageRecord":{"CustomerIdentifier":"cust-1","Dimension":"users","Timestamp":1795307445}}],"UnprocessedRecords":[]}`
	if got := unmarked(a.body); got != want {
		t.Errorf("answer is %s\nwant      %s", got, want)
	}
	if r := s.records(t); len(r) != 1 || r[0].Product != "prod-abc123" || r[0].Buyer != buyer || r[0].License != metering.LicenseARN("") {
		t.Errorf("stored is %+v", r)
	}
}

// TestSteeredClocks: SDKs sign by the machine's clock and cannot follow the
// service's.
func TestSteeredClocks(t *testing.T) {
	s := open(t, wideMarket())
	byMachine := call{op: "ResolveCustomer", body: resolveBody, at: time.Now()}
	if a := s.do(t, byMachine.raw(t)); a.body != resolved {
		t.Errorf("signed by the machine's clock, the answer is %s", a.body)
	}
	byMachine.at = time.Now().Add(-time.Hour)
	if a := s.do(t, byMachine.raw(t)); !strings.HasPrefix(a.body, `{"__type":"InvalidSignatureException","message":"Signature `) {
		t.Errorf("signed by no clock, the answer is %s", a.body)
	}
	s.clock.Reset()
	byMachine.at = time.Now().Add(-4 * time.Minute)
	if a := s.do(t, byMachine.raw(t)); strings.Contains(a.body, "Signature") {
		t.Errorf("signed by the clock, the answer is %s", a.body)
	}
}
