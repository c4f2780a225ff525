package wire

import (
	"net/http"
	"testing"

	"github.com/meterd/meterd/api"
)

func TestOperationOf(t *testing.T) {
	const (
		batch    = "AWSMPMeteringService.BatchMeterUsage"
		resolve  = "AWSMPMeteringService.ResolveCustomer"
		fill     = "xAmzTarget_example"
		meterKey = `{"UsageDimension":"users"}`
	)
	none := api.Operation("")
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	tests := []struct {
		name       string
		header     http.Header
		query      string
		body       string
		aws, plain api.Operation
	}{
		// The target header.
		{"batch", header(TargetHeader, batch), "", "", api.BatchMeterUsage, api.BatchMeterUsage},
		{"meter", header(TargetHeader, "AWSMPMeteringService.MeterUsage"), "", "", api.MeterUsage, api.MeterUsage},
		{"register", header(TargetHeader, "AWSMPMeteringService.RegisterUsage"), "", "", api.RegisterUsage, api.RegisterUsage},
		{"resolve", header(TargetHeader, resolve), "", "", api.ResolveCustomer, api.ResolveCustomer},
		{"bare name", header(TargetHeader, "MeterUsage"), "", "", api.MeterUsage, api.MeterUsage},
		{"wrong case", header(TargetHeader, "AWSMPMeteringService.batchMeterUsage"), "", "", none, none},
		{"bare name in wrong case", header(TargetHeader, "meterusage"), "", "", none, none},
		{"prefix in wrong case", header(TargetHeader, "awsmpmeteringservice.MeterUsage"), "", "", none, none},
		{"other service", header(TargetHeader, "Kinesis_20131202.MeterUsage"), "", "", none, none},
		{"prefix alone", header(TargetHeader, "AWSMPMeteringService."), "", "", none, none},
		{"blank behind", header(TargetHeader, batch+" x"), "", "", none, none},
		{"placeholder", header(TargetHeader, fill), "", "{}", none, none},
		{"nothing", header(), "", "", none, none},

		// The places that only the plain dialect has, and their order.
		{"DataFire", header(ActionHeader, "BatchMeterUsage", "Version", "2016-01-14"), "", "", none, api.BatchMeterUsage},
		{"unknown action", header(ActionHeader, "Foo"), "", "", none, none},
		{"target before action", header(TargetHeader, resolve, ActionHeader, "MeterUsage"), "", "", api.ResolveCustomer, api.ResolveCustomer},
		{"action before query", header(ActionHeader, "MeterUsage"), "Action=ResolveCustomer", "", none, api.MeterUsage},
		{"action before body", header(ActionHeader, "ResolveCustomer"), "", meterKey, none, api.ResolveCustomer},
		{"query action", header(), "Action=ResolveCustomer&Version=2016-01-14", "", none, api.ResolveCustomer},
		{"query before body", header(), "Action=ResolveCustomer", meterKey, none, api.ResolveCustomer},

		// A presigned request has its target in the query.
		{"query target", header(), "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Target=AWSMPMeteringService.MeterUsage", "", api.MeterUsage, api.MeterUsage},
		{"query target before query action", header(), "Action=MeterUsage&X-Amz-Target=" + resolve, "", api.ResolveCustomer, api.ResolveCustomer},
		{"header before query", header(TargetHeader, batch), "X-Amz-Target=" + resolve, "", api.BatchMeterUsage, api.BatchMeterUsage},
		{"escaped query target", header(), "X-Amz-Target=AWSMPMeteringService%2EMeterUsage", "", api.MeterUsage, api.MeterUsage},
		{"query with a bad parameter", header(), "a=%zz&X-Amz-Target=" + resolve, "", api.ResolveCustomer, api.ResolveCustomer},

		// The body's own members.
		{"records in the body", header(TargetHeader, fill), "", `{"ProductCode":"p","UsageRecords":[{}]}`, none, api.BatchMeterUsage},
		{"dimension in the body", header(TargetHeader, fill), "", meterKey, none, api.MeterUsage},
		{"key version in the body", header(TargetHeader, fill), "", `{"PublicKeyVersion":1}`, none, api.RegisterUsage},
		{"token in the body", header(), "", `{"RegistrationToken":"t"}`, none, api.ResolveCustomer},
		{"null in the body", header(), "", `{"RegistrationToken":null}`, none, api.ResolveCustomer},
		{"several in the body", header(), "", `{"RegistrationToken":"t","PublicKeyVersion":1,"UsageDimension":"d"}`, none, api.MeterUsage},
		{"several in the body, the other way round", header(), "", `{"UsageDimension":"d","PublicKeyVersion":1,"RegistrationToken":"t"}`, none, api.MeterUsage},
		{"not at the top of the body", header(), "", `{"Foo":{"UsageDimension":"d"},"Bar":"UsageRecords"}`, none, none},
		{"before a syntax error", header(), "", `{"UsageRecords":[{]`, none, api.BatchMeterUsage},
		{"behind a syntax error", header(), "", `{"Foo":[},"UsageRecords":[]}`, none, none},
		{"wrong case in the body", header(), "", `{"usageRecords":[]}`, none, none},
		{"list", header(), "", `[{"UsageRecords":[]}]`, none, none},
		{"shared members only", header(), "", `{"ProductCode":"p","Timestamp":1}`, none, none},
		{"the service's unknown name is not guessed at", header(TargetHeader, "AWSMPMeteringService.Foo", ActionHeader, "MeterUsage"), "Action=MeterUsage", meterKey, none, none},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for dialect, want := range map[Dialect]api.Operation{AWSJSON: test.aws, PlainJSON: test.plain} {
				got, err := OperationOf(test.header, test.query, test.body, dialect)
				if got != want || (err != nil) != (want == none) {
					t.Errorf("%s: got %q, error %v; want %q", dialect, got, err, want)
				}
				if unknown := (api.Error{Name: api.UnknownOperationException, Status: 400}); err != nil && *err != unknown {
					t.Errorf("%s: error is %+v", dialect, err)
				}
			}
		})
	}
}
