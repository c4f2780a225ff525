package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestEntriesReadBackAsWritten(t *testing.T) {
	caller := Caller{Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/metering-app", AccessKeyID: "AKIDEXAMPLE"}
	for _, e := range []*Entry{
		{Operation: "BatchMeterUsage", Region: "us-east-1", RequestID: "r", SourceIP: "127.0.0.1", UserAgent: "ua", Caller: caller, Batch: &Batch{
			ProductCode: "prod-abc123",
			Records: []Record{
				{Timestamp: 1795307445123, Dimension: "users", Customer: "cust-1", Quantity: 7, Allocations: []byte{1, 2}},
				{Timestamp: 1795305600000, Dimension: "users", Account: "333344445555", License: "arn:aws:…", Status: "CustomerNotSubscribed"},
			}}},
		{Operation: "MeterUsage", Caller: Caller{Account: "222233334444", Platform: "ecs"}, Meter: &Meter{ProductCode: "p", Timestamp: 1, Dimension: "d", Quantity: 3, ClientToken: "t", DryRun: true}},
		{Operation: "RegisterUsage", Caller: caller, Register: &Register{ProductCode: "p", PublicKeyVersion: 1, Nonce: "n"}},
		{Operation: "ResolveCustomer", Caller: caller, Resolve: &Resolve{ProductCode: "p", Customer: "c", Account: "a", License: "l"}},
		{Operation: "BatchMeterUsage", Caller: caller, Refused: "timestamp-too-old", Message: "too old"},
	} {
		b, err := e.Append([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(b[len("before"):])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got, cmpopts.IgnoreUnexported(Record{})); diff != "" {
			t.Errorf("%s reads back differently:\n%s", e.Operation, diff)
		}
	}
}

func TestParseRefusesWhatItDidNotWrite(t *testing.T) {
	for _, b := range [][]byte{nil, {}, {2, 0xa0}, {formatVersion}, {formatVersion, 0xff}} {
		if _, err := Parse(b); err == nil {
			t.Errorf("Parse(%x) accepted", b)
		}
	}
}
