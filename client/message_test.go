package client

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

var moment = time.UnixMilli(1788258030456).In(time.FixedZone("east", 7200))

func TestRequestsOnTheWire(t *testing.T) {
	record := api.UsageRecord{
		Timestamp: &moment, Dimension: new("usérs<&>"), CustomerAWSAccountId: new("222233334444"),
		LicenseArn: new(licenseA), Quantity: new(int64(7)),
		UsageAllocations: []api.UsageAllocation{
			{AllocatedUsageQuantity: new(int64(4)), Tags: []api.Tag{{Key: new("team"), Value: new("red")}}},
			{AllocatedUsageQuantity: new(int64(3))},
		},
	}
	batch := api.BatchMeterUsageRequest{UsageRecords: []api.UsageRecord{record, {Timestamp: new(time.Unix(1788258030, 0)), Dimension: new("gb"), CustomerIdentifier: new("")}}}
	meter := api.MeterUsageRequest{ProductCode: new("box"), Timestamp: &moment, UsageDimension: new("users"), UsageQuantity: new(int64(0)), DryRun: new(false), ClientToken: new("t")}
	const (
		rest  = `,"Dimension":"usérs\u003c\u0026\u003e","CustomerAWSAccountId":"222233334444","LicenseArn":"` + licenseA + `","Quantity":7,"UsageAllocations":[{"AllocatedUsageQuantity":4,"Tags":[{"Key":"team","Value":"red"}]},{"AllocatedUsageQuantity":3}]}`
		other = `,"Dimension":"gb","CustomerIdentifier":""}]}`
	)
	for _, test := range []struct {
		dialect      dialect
		batch, meter string
	}{
		{awsJSON, `{"UsageRecords":[{"Timestamp":1788258030.456` + rest + `,{"Timestamp":1788258030` + other, `{"ProductCode":"box","Timestamp":1788258030.456,"UsageDimension":"users","UsageQuantity":0,"DryRun":false,"ClientToken":"t"}`},
		{plainJSON, `{"UsageRecords":[{"Timestamp":"2026-09-01T10:20:30.456Z"` + rest + `,{"Timestamp":"2026-09-01T10:20:30Z"` + other, `{"ProductCode":"box","Timestamp":"2026-09-01T10:20:30.456Z","UsageDimension":"users","UsageQuantity":0,"DryRun":false,"ClientToken":"t"}`},
	} {
		got, err := test.dialect.batch(&batch)
		if diff := cmp.Diff(test.batch, string(got)); diff != "" || err != nil {
			t.Errorf("batch in dialect %d: %v\n%s", test.dialect, err, diff)
		}
		got, err = test.dialect.meterUsage(&meter)
		if diff := cmp.Diff(test.meter, string(got)); diff != "" || err != nil {
			t.Errorf("MeterUsage in dialect %d: %v\n%s", test.dialect, err, diff)
		}
	}
}

func TestAnswersOfEitherDialect(t *testing.T) {
	want := &api.BatchMeterUsageResult{
		Results: []api.UsageRecordResult{{
			UsageRecord: api.UsageRecord{
				Timestamp: new(moment.UTC()), Dimension: new("users"), Quantity: new(int64(7)),
				UsageAllocations: []api.UsageAllocation{{AllocatedUsageQuantity: new(int64(7)), Tags: []api.Tag{{Key: new("a"), Value: new("b")}}}},
			},
			MeteringRecordId: "id", Status: api.Success,
		}},
		UnprocessedRecords: []api.UsageRecord{{Timestamp: new(time.Unix(1788258030, 0).UTC()), CustomerIdentifier: new("c")}},
	}
	const rest = `,"Dimension":"users","Quantity":7,"UsageAllocations":[{"AllocatedUsageQuantity":7,"Tags":[{"Key":"a","Value":"b"}]}],"New":{}},"MeteringRecordId":"id","Status":"Success"}],"UnprocessedRecords":[{"CustomerIdentifier":"c","LicenseArn":null,"Timestamp":`
	for _, body := range []string{
		`{"Results":[{"UsageRecord":{"Timestamp":1788258030.456` + rest + `1788258030}]}`,
		`{"Results":[{"UsageRecord":{"Timestamp":1.788258030456E9` + rest + `1.78825803E9}]}`,
		`{"Results":[{"UsageRecord":{"Timestamp":"2026-09-01T10:20:30.456Z"` + rest + `"2026-09-01T12:20:30+02:00"}]}`,
	} {
		got, err := decodeBatch([]byte(body))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

func TestAnswersThatCannotBeRead(t *testing.T) {
	for _, body := range []string{
		"", "<html>", `{"Results":`, `[]`, `"x"`, `{"Results":[{"UsageRecord":{"Quantity":"7"}}]}`,
		`{"Results":[{"UsageRecord":{"Timestamp":"yesterday"}}]}`, `{"Results":[{"UsageRecord":{"Timestamp":true}}]}`,
		`{"UnprocessedRecords":[{"Timestamp":1e300}]}`, `{"UnprocessedRecords":[{"Timestamp":1e999}]}`,
	} {
		if got, err := decodeBatch([]byte(body)); err == nil {
			t.Errorf("%q is read as %+v", body, got)
		}
	}
	if got, err := decodeRegister([]byte(`{"PublicKeyRotationTimestamp":"x"}`)); err == nil {
		t.Errorf("a bad time is read as %+v", got)
	}
}

func TestRefusalsInAllForms(t *testing.T) {
	for _, test := range []struct {
		status int
		header string
		body   string
		want   string
	}{
		{400, "", `{"__type":"ThrottlingException","message":"Rate exceeded"}`, "ThrottlingException: Rate exceeded"},
		{400, "", `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}`, "AccessDeniedException: no"},
		{400, "", `{"__type":"InvalidTokenException:http://internal.amazon.com/coral/"}`, "InvalidTokenException"},
		{400, "", `{"code":"InvalidTokenException"}`, "InvalidTokenException"},
		{400, "a.b#InvalidTokenException:x", `{}`, "InvalidTokenException"},
		{400, "InvalidTokenException", ``, "InvalidTokenException"},
		{403, "", "<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n</MissingAuthenticationTokenException>\n", "MissingAuthenticationTokenException"},
		{404, "", "<UnknownOperationException/>\n", "UnknownOperationException"},
		{429, "", "<html>slow down</html>", "ThrottlingException"},
		{413, "", "", "RequestEntityTooLargeException"},
		{503, "", "<html>busy</html>", "ServiceUnavailableException"},
		{408, "", "", "RequestTimeoutException"},
		{403, "", "<html>who are you?</html>", ""},
		{502, "", "", ""},
		{400, "", `{"message":"no type"}`, ""},
	} {
		e := readError(respond(test.status, test.header), []byte(test.body))
		got := ""
		if e.API != nil {
			got = e.API.Error()
		}
		if got != test.want || e.Status != test.status || (e.API == nil) != (e.Err != nil) {
			t.Errorf("%d %q %q is %+v, want %q", test.status, test.header, test.body, e, test.want)
		}
	}
}
