package wire

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

func TestDecodeBatchMeterUsage(t *testing.T) {
	// one is a batch of one record.
	one := func(r api.UsageRecord) *api.BatchMeterUsageRequest {
		return &api.BatchMeterUsageRequest{UsageRecords: []api.UsageRecord{r}}
	}
	quantity := func(n int64) *api.BatchMeterUsageRequest { return one(api.UsageRecord{Quantity: &n}) }
	product := func(s string) *api.BatchMeterUsageRequest { return &api.BatchMeterUsageRequest{ProductCode: &s} }
	tests := []struct {
		name string
		body string
		want *api.BatchMeterUsageRequest
	}{
		{"nothing", `{}`, &api.BatchMeterUsageRequest{}},
		{"blanks everywhere", " {\t\"UsageRecords\" :\r\n[ { \"Quantity\" : 7 } ] } \n", quantity(7)},
		{"all members", `{"ProductCode":"p","UsageRecords":[{"Timestamp":1,"Dimension":"d","CustomerIdentifier":"c","CustomerAWSAccountId":"1","LicenseArn":"a","Quantity":2,"UsageAllocations":[{"AllocatedUsageQuantity":2,"Tags":[{"Key":"k","Value":"v"}]}]}]}`,
			&api.BatchMeterUsageRequest{ProductCode: new("p"), UsageRecords: []api.UsageRecord{{
				Timestamp: new(time.Unix(1, 0).UTC()), Dimension: new("d"), CustomerIdentifier: new("c"), CustomerAWSAccountId: new("1"), LicenseArn: new("a"), Quantity: new(int64(2)),
				UsageAllocations: []api.UsageAllocation{{AllocatedUsageQuantity: new(int64(2)), Tags: []api.Tag{{Key: new("k"), Value: new("v")}}}},
			}}}},

		// Absent, null and empty.
		{"records null", `{"UsageRecords":null}`, &api.BatchMeterUsageRequest{}},
		{"records empty", `{"UsageRecords":[]}`, &api.BatchMeterUsageRequest{UsageRecords: []api.UsageRecord{}}},
		{"records empty with blank", `{"UsageRecords":[ ]}`, &api.BatchMeterUsageRequest{UsageRecords: []api.UsageRecord{}}},
		{"record null", `{"UsageRecords":[null]}`, &api.BatchMeterUsageRequest{UsageRecords: []api.UsageRecord{}}},
		{"records null between", `{"UsageRecords":[null,{},null,{"Quantity":1},null]}`, &api.BatchMeterUsageRequest{UsageRecords: []api.UsageRecord{{}, {Quantity: new(int64(1))}}}},
		{"members null", `{"ProductCode":null,"UsageRecords":[{"Timestamp":null,"Dimension":null,"Quantity":null,"UsageAllocations":null}]}`, one(api.UsageRecord{})},
		{"allocations empty", `{"UsageRecords":[{"UsageAllocations":[]}]}`, one(api.UsageRecord{UsageAllocations: []api.UsageAllocation{}})},
		{"allocation null", `{"UsageRecords":[{"UsageAllocations":[null]}]}`, one(api.UsageRecord{UsageAllocations: []api.UsageAllocation{}})},
		{"tags null", `{"UsageRecords":[{"UsageAllocations":[{"Tags":null}]}]}`, one(api.UsageRecord{UsageAllocations: []api.UsageAllocation{{}}})},
		{"tags empty", `{"UsageRecords":[{"UsageAllocations":[{"Tags":[]}]}]}`, one(api.UsageRecord{UsageAllocations: []api.UsageAllocation{{Tags: []api.Tag{}}}})},
		{"tag null", `{"UsageRecords":[{"UsageAllocations":[{"Tags":[null,{"Key":null}]}]}]}`, one(api.UsageRecord{UsageAllocations: []api.UsageAllocation{{Tags: []api.Tag{{}}}}})},
		{"empty string", `{"ProductCode":""}`, product("")},

		// Duplicate and unknown members.
		{"last wins", `{"ProductCode":"a","ProductCode":"b"}`, product("b")},
		{"last null wins", `{"ProductCode":"a","ProductCode":null}`, &api.BatchMeterUsageRequest{}},
		{"last list wins", `{"UsageRecords":[{},{}],"UsageRecords":[{"Quantity":3}]}`, quantity(3)},
		{"case matters", `{"productCode":"a","PRODUCTCODE":"b"}`, &api.BatchMeterUsageRequest{}},
		{"unknown members", `{"Foo":{"UsageRecords":[1,{"a":null}]},"Bar":[[],{}],"":"","Baz":-1e5,"ProductCode":"p","Q":true}`, product("p")},
		{"unknown member in a record", `{"UsageRecords":[{"ProductCode":5,"Quantity":1}]}`, quantity(1)},
		{"unknown member in an allocation", `{"UsageRecords":[{"UsageAllocations":[{"x":[{}],"AllocatedUsageQuantity":1}]}]}`, one(api.UsageRecord{UsageAllocations: []api.UsageAllocation{{AllocatedUsageQuantity: new(int64(1))}}})},
		{"unknown member in a tag", `{"UsageRecords":[{"UsageAllocations":[{"Tags":[{"x":{},"Key":"k"}]}]}]}`, one(api.UsageRecord{UsageAllocations: []api.UsageAllocation{{Tags: []api.Tag{{Key: new("k")}}}}})},
		{"escaped key", `{"Product\u0043ode":"p"}`, product("p")},

		// Strings.
		{"raw UTF-8", `{"ProductCode":"ü€😀"}`, product("ü€😀")},
		{"escapes", `{"ProductCode":"a\"\\\/\b\f\n\r\tz"}`, product("a\"\\/\b\f\n\r\tz")},
		{"unicode escape", `{"ProductCode":"M\u00fcller \u20AC"}`, product("Müller €")},
		{"surrogate pair", `{"ProductCode":"\ud83d\ude00!"}`, product("😀!")},
		{"high half alone", `{"ProductCode":"\ud83d!"}`, product("\ufffd!")},
		{"low half alone", `{"ProductCode":"\ude00"}`, product("\ufffd")},
		{"halves in the wrong order", `{"ProductCode":"\ude00\ud83d"}`, product("\ufffd\ufffd")},
		{"high half before a letter", `{"ProductCode":"\ud83d\u0041"}`, product("\ufffdA")},
		{"escaped NUL", `{"ProductCode":"\u0000"}`, product("\x00")},
		{"delete and line separators raw", "{\"ProductCode\":\"\x7f\u2028\u2029\"}", product("\x7f\u2028\u2029")},

		// Integers.
		{"zero", `{"UsageRecords":[{"Quantity":0}]}`, quantity(0)},
		{"minus zero", `{"UsageRecords":[{"Quantity":-0}]}`, quantity(0)},
		{"negative", `{"UsageRecords":[{"Quantity":-1}]}`, quantity(-1)},
		{"fraction", `{"UsageRecords":[{"Quantity":1.5}]}`, quantity(1)},
		{"negative fraction", `{"UsageRecords":[{"Quantity":-1.9}]}`, quantity(-1)},
		{"exponent", `{"UsageRecords":[{"Quantity":1.5e3}]}`, quantity(1500)},
		{"capital exponent with sign", `{"UsageRecords":[{"Quantity":25E+2}]}`, quantity(2500)},
		{"negative exponent", `{"UsageRecords":[{"Quantity":1999e-3}]}`, quantity(1)},
		{"past int32", `{"UsageRecords":[{"Quantity":2147483648}]}`, quantity(2147483648)},
		{"last int64", `{"UsageRecords":[{"Quantity":9223372036854775807}]}`, quantity(math.MaxInt64)},
		{"past int64", `{"UsageRecords":[{"Quantity":9223372036854775808}]}`, quantity(math.MaxInt64)},
		{"first int64", `{"UsageRecords":[{"Quantity":-9223372036854775808}]}`, quantity(math.MinInt64)},
		{"before int64", `{"UsageRecords":[{"Quantity":-9223372036854775809}]}`, quantity(math.MinInt64)},
		{"huge", `{"UsageRecords":[{"Quantity":1e400}]}`, quantity(math.MaxInt64)},
		{"huge exponent", `{"UsageRecords":[{"Quantity":-1e99999999999999999999}]}`, quantity(math.MinInt64)},
		{"tiny", `{"UsageRecords":[{"Quantity":5e-99999999999999999999}]}`, quantity(0)},
		{"nothing times a lot", `{"UsageRecords":[{"Quantity":0e99999999999999999999}]}`, quantity(0)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, dialect := range []Dialect{AWSJSON, PlainJSON} {
				got, err := DecodeBatchMeterUsage(test.body, dialect)
				if err != nil {
					t.Fatalf("%s: %v", dialect, err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", dialect, diff)
				}
			}
		})
	}
}

func TestDecodeTheOtherOperations(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 30, 45, 0, time.UTC)
	tests := []struct {
		name string
		op   api.Operation
		body string
		want any
	}{
		{"meter, all members", api.MeterUsage, `{"ProductCode":"p","Timestamp":1795307445,"UsageDimension":"d","UsageQuantity":3,"DryRun":true,"UsageAllocations":[{"AllocatedUsageQuantity":3}],"ClientToken":"t","Foo":1}`,
			&api.MeterUsageRequest{ProductCode: new("p"), Timestamp: &at, UsageDimension: new("d"), UsageQuantity: new(int64(3)), DryRun: new(true), ClientToken: new("t"),
				UsageAllocations: []api.UsageAllocation{{AllocatedUsageQuantity: new(int64(3))}}}},
		{"meter, nothing", api.MeterUsage, `{}`, &api.MeterUsageRequest{}},
		{"meter, all null", api.MeterUsage, `{"ProductCode":null,"Timestamp":null,"UsageDimension":null,"UsageQuantity":null,"DryRun":null,"UsageAllocations":null,"ClientToken":null}`, &api.MeterUsageRequest{}},
		{"meter, dry run false", api.MeterUsage, `{"DryRun":false}`, &api.MeterUsageRequest{DryRun: new(false)}},
		{"register, all members", api.RegisterUsage, `{"Foo":[],"ProductCode":"p","PublicKeyVersion":1,"Nonce":"n"}`, &api.RegisterUsageRequest{ProductCode: new("p"), PublicKeyVersion: new(int64(1)), Nonce: new("n")}},
		{"register, nothing", api.RegisterUsage, `{"Nonce":null}`, &api.RegisterUsageRequest{}},
		{"resolve, token", api.ResolveCustomer, `{"Foo":{},"RegistrationToken":"a+/=%b"}`, &api.ResolveCustomerRequest{RegistrationToken: new("a+/=%b")}},
		{"resolve, nothing", api.ResolveCustomer, `{}`, &api.ResolveCustomerRequest{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := decodeAny(test.op, test.body, AWSJSON)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestListsDoNotShare appends to each decoded list; lists are cut from one
// slice, so that one could write over the next.
func TestListsDoNotShare(t *testing.T) {
	const record = `{"UsageAllocations":[{"Tags":[{"Key":"a"}]},{"Tags":[{"Key":"b"}]}]}`
	// The blanks make the decoder expect more, and so leave room behind lists.
	got, err := DecodeBatchMeterUsage(`{"UsageRecords":[`+record+`,`+record+`]}`+strings.Repeat(" ", 1000), AWSJSON)
	if err != nil {
		t.Fatal(err)
	}
	first, second := got.UsageRecords[0].UsageAllocations, got.UsageRecords[1].UsageAllocations
	_ = append(first, api.UsageAllocation{})
	_ = append(first[0].Tags, api.Tag{Key: new("x")})
	if second[0].Tags == nil || *first[1].Tags[0].Key != "b" {
		t.Error("appending to a list changed its neighbour")
	}
}
