package wire

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/meterd/meterd/api"
)

func TestEncodeResults(t *testing.T) {
	at := time.Date(2026, 9, 1, 10, 20, 30, 456e6, time.UTC)
	full := api.UsageRecord{
		Timestamp: &at, Dimension: new("Dimension1"), CustomerIdentifier: new("ifAPi5AcF3"), CustomerAWSAccountId: new("782858285006"),
		LicenseArn: new("arn:aws:license-manager::294406891311:license:l-9d01"), Quantity: new(int64(5)),
		UsageAllocations: []api.UsageAllocation{
			{AllocatedUsageQuantity: new(int64(3)), Tags: []api.Tag{{Key: new("team"), Value: new("red")}, {Key: new("env"), Value: new("")}}},
			{AllocatedUsageQuantity: new(int64(2))},
		},
	}
	const fullHead = `{"CustomerAWSAccountId":"782858285006","CustomerIdentifier":"ifAPi5AcF3","Dimension":"Dimension1","LicenseArn":"arn:aws:license-manager::294406891311:license:l-9d01","Quantity":5,"Timestamp":`
	const fullTail = `,"UsageAllocations":[{"AllocatedUsageQuantity":3,"Tags":[{"Key":"team","Value":"red"},{"Key":"env","Value":""}]},{"AllocatedUsageQuantity":2}]}`
	bare := api.UsageRecord{Quantity: new(int64(0)), UsageAllocations: []api.UsageAllocation{}}
	const bareText = `{"Quantity":0,"UsageAllocations":[]}`

	batch := func(r api.BatchMeterUsageResult) func(Dialect) []byte {
		return func(d Dialect) []byte { return AppendBatchMeterUsage(nil, &r, d) }
	}
	tests := []struct {
		name       string
		encode     func(Dialect) []byte
		aws, plain string // plain is empty where it is the same
	}{
		{"batch, nothing", batch(api.BatchMeterUsageResult{}), `{"Results":[],"UnprocessedRecords":[]}`, ""},
		{"batch, success", batch(api.BatchMeterUsageResult{Results: []api.UsageRecordResult{{UsageRecord: full, MeteringRecordId: "b3f0", Status: api.Success}}}),
			`{"Results":[{"MeteringRecordId":"b3f0","Status":"Success","UsageRecord":` + fullHead + `1788258030.456` + fullTail + `}],"UnprocessedRecords":[]}`,
			`{"Results":[{"MeteringRecordId":"b3f0","Status":"Success","UsageRecord":` + fullHead + `"2026-09-01T10:20:30.456Z"` + fullTail + `}],"UnprocessedRecords":[]}`},
		{"batch, verdicts without an id", batch(api.BatchMeterUsageResult{Results: []api.UsageRecordResult{{UsageRecord: bare, Status: api.DuplicateRecord}, {Status: api.CustomerNotSubscribed}}}),
			`{"Results":[{"Status":"DuplicateRecord","UsageRecord":` + bareText + `},{"Status":"CustomerNotSubscribed","UsageRecord":{}}],"UnprocessedRecords":[]}`, ""},
		{"batch, unprocessed", batch(api.BatchMeterUsageResult{UnprocessedRecords: []api.UsageRecord{bare, bare}}),
			`{"Results":[],"UnprocessedRecords":[` + bareText + `,` + bareText + `]}`, ""},
		{"batch, empty tags and tag", batch(api.BatchMeterUsageResult{UnprocessedRecords: []api.UsageRecord{{UsageAllocations: []api.UsageAllocation{{Tags: []api.Tag{}}, {Tags: []api.Tag{{}}}}}}}),
			`{"Results":[],"UnprocessedRecords":[{"UsageAllocations":[{"Tags":[]},{"Tags":[{}]}]}]}`, ""},
		{"meter", func(d Dialect) []byte {
			return AppendMeterUsage(nil, &api.MeterUsageResult{MeteringRecordId: "b3f0"}, d)
		}, `{"MeteringRecordId":"b3f0"}`, ""},
		{"meter, dry run", func(d Dialect) []byte {
			return AppendMeterUsage(nil, &api.MeterUsageResult{}, d)
		}, `{}`, ""},
		{"register", func(d Dialect) []byte {
			return AppendRegisterUsage(nil, &api.RegisterUsageResult{Signature: "eyJhbGci.e30.c2ln"}, d)
		}, `{"Signature":"eyJhbGci.e30.c2ln"}`, ""},
		{"register, rotated key", func(d Dialect) []byte {
			return AppendRegisterUsage(nil, &api.RegisterUsageResult{Signature: "s", PublicKeyRotationTimestamp: new(at.Truncate(time.Second))}, d)
		}, `{"PublicKeyRotationTimestamp":1788258030,"Signature":"s"}`, `{"PublicKeyRotationTimestamp":"2026-09-01T10:20:30Z","Signature":"s"}`},
		{"resolve", func(d Dialect) []byte {
			return AppendResolveCustomer(nil, &api.ResolveCustomerResult{CustomerIdentifier: "c", ProductCode: "p", CustomerAWSAccountId: "1", LicenseArn: "a"}, d)
		}, `{"CustomerAWSAccountId":"1","CustomerIdentifier":"c","LicenseArn":"a","ProductCode":"p"}`, ""},
		{"resolve, concurrent", func(d Dialect) []byte {
			return AppendResolveCustomer(nil, &api.ResolveCustomerResult{ProductCode: "p", CustomerAWSAccountId: "1"}, d)
		}, `{"CustomerAWSAccountId":"1","ProductCode":"p"}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for dialect, want := range map[Dialect]string{AWSJSON: test.aws, PlainJSON: test.plain} {
				if want == "" {
					want = test.aws
				}
				if got := string(test.encode(dialect)); got != want {
					t.Errorf("%s:\n got %s\nwant %s", dialect, got, want)
				}
			}
		})
	}
}

func TestEncodersAppend(t *testing.T) {
	dst := []byte("head")
	dst = AppendBatchMeterUsage(dst, &api.BatchMeterUsageResult{}, AWSJSON)
	dst = AppendMeterUsage(dst, &api.MeterUsageResult{MeteringRecordId: "i"}, AWSJSON)
	dst = AppendRegisterUsage(dst, &api.RegisterUsageResult{}, AWSJSON)
	dst = AppendResolveCustomer(dst, &api.ResolveCustomerResult{ProductCode: "p"}, AWSJSON)
	dst = AppendError(dst, &api.Error{Name: api.ValidationException})
	const want = `head{"Results":[],"UnprocessedRecords":[]}{"MeteringRecordId":"i"}{}{"ProductCode":"p"}{"__type":"ValidationException"}`
	if string(dst) != want {
		t.Errorf("got %s\nwant %s", dst, want)
	}
}

func TestAppendString(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", `""`},
		{"plain", `"plain"`},
		{`a"b\c/d`, `"a\"b\\c/d"`},
		{"\n\r\t\b\f", `"\n\r\t\u0008\u000c"`},
		{"\x00\x1f\x7f", "\"\\u0000\\u001f\x7f\""},
		{"<a href='x'>&</a>", `"<a href='x'>&</a>"`},
		{"Müller €😀", `"Müller €😀"`},
		{"a\u2028b\u2029", `"a\u2028b\u2029"`},
		{"\xff", "\"\ufffd\""},
		{"a\xc3(\xed\xa0\x80)", "\"a\ufffd(\ufffd\ufffd\ufffd)\""},
		{"\ufffd", "\"\ufffd\""},
		{"cut\xe2\x82", "\"cut\ufffd\ufffd\""},
	}
	for _, test := range tests {
		got := string(appendString(nil, test.text))
		if got != test.want {
			t.Errorf("%q is written as %s, want %s", test.text, got, test.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%q is written as %s, which is no JSON", test.text, got)
		}
	}
	for b := range 256 {
		if got := appendString(nil, string([]byte{byte(b)})); !json.Valid(got) {
			t.Errorf("byte %#x is written as %s, which is no JSON", b, got)
		}
	}
}
