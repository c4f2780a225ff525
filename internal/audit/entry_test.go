package audit

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEntriesReadBackAsWritten(t *testing.T) {
	caller := Caller{Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/metering-app", AccessKeyID: "AKIDEXAMPLE"}
	for _, e := range []*Entry{
		{Operation: "BatchMeterUsage", Region: "us-east-1", RequestID: "r", SourceIP: "127.0.0.1", UserAgent: "ua", Caller: caller, Batch: &Batch{
			ProductCode: "prod-abc123",
			Records: []Record{
				{Timestamp: 1795307445123, Dimension: "users", Customer: "cust-1", Quantity: 7, Allocations: []byte{1, 2}},
				{Timestamp: 1795305600000, Dimension: "users", Account: "333344445555", License: "arn:aws:…", Status: "CustomerNotSubscribed"},
				{Brief: true, Customer: "cust-2"},
				{Brief: true},
			}}},
		{Operation: "MeterUsage", Caller: Caller{Account: "222233334444", Platform: "ecs"}, Meter: &Meter{ProductCode: "p", Timestamp: 1, Dimension: "d", Quantity: 3, ClientToken: "t", DryRun: true}},
		{Operation: "RegisterUsage", Caller: caller, Register: &Register{ProductCode: "p", PublicKeyVersion: 1, Nonce: "n"}},
		{Operation: "ResolveCustomer", Caller: caller, Resolve: &Resolve{ProductCode: "p", Customer: "c", Account: "a", License: "l"}},
		{Operation: "BatchMeterUsage", Caller: caller, Refused: "timestamp-too-old", Message: "too old", Names: []Name{{1, "111122223333/us-east-1"}, {300, ""}}},
	} {
		b := e.Append([]byte("before"))
		got, err := Parse(b[len("before"):])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("%s reads back differently:\n%s", e.Operation, diff)
		}
	}
}

func TestParseRefusesWhatItDidNotWrite(t *testing.T) {
	whole := (&Entry{Operation: "BatchMeterUsage", Batch: &Batch{Records: []Record{{Brief: true}, {Quantity: 7}}}}).Append(nil)
	for _, b := range [][]byte{
		nil, {}, {1, 0xa0}, {formatVersion}, {formatVersion, 0xff},
		whole[:len(whole)-1], append(whole, 0), slices.Replace(slices.Clone(whole), 1, 2, resolveParameters+1),
	} {
		if _, err := Parse(b); err == nil {
			t.Errorf("Parse(%x) accepted", b)
		}
	}
}

// TestBriefRecordsAreFilled: with its fact, a record reads as it was sent.
func TestBriefRecordsAreFilled(t *testing.T) {
	told := Told{Timestamp: 5, Quantity: 7, Dimension: "users", Account: "333344445555", License: "arn:aws:…", Allocations: []byte{1}}
	byAccount := Record{Timestamp: 5, Quantity: 7, Dimension: "users", Account: "333344445555", License: "arn:aws:…", Allocations: []byte{1}}
	byCustomer := byAccount
	byCustomer.Account, byCustomer.Customer = "", "cust-1"
	for _, want := range []Record{byAccount, byCustomer} {
		got := Record{Brief: true, Customer: want.Customer}
		got.Fill(told)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("filled:\n%s", diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add((&Entry{Operation: "MeterUsage", Meter: &Meter{ProductCode: "p", Timestamp: -1, DryRun: true}}).Append(nil))
	f.Add((&Entry{Batch: &Batch{ProductCode: "p", Records: []Record{{Brief: true, Customer: "c"}, {Quantity: 1}}}}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := Parse(b); err == nil && string(e.Append(nil)) != string(b) {
			t.Errorf("%x reads as %+v, which is not written so", b, e)
		}
	})
}

// TestEncodingIsPinned: ledgers hold entries for years. A change here is a new
// formatVersion, never a new expectation.
func TestEncodingIsPinned(t *testing.T) {
	e := Entry{
		Operation: "B", Region: "r", RequestID: "q", SourceIP: "i", UserAgent: "u",
		Caller: Caller{Account: "a", ARN: "n", AccessKeyID: "k", Platform: "p"}, Refused: "f", Message: "m",
		Names: []Name{{300, "nm"}},
		Batch: &Batch{ProductCode: "c", Records: []Record{
			{Brief: true, Customer: "cu"},
			{Timestamp: -1, Dimension: "d", Customer: "x", Account: "y", License: "z", Quantity: 300, Allocations: []byte{9}, Status: "s"},
		}},
	}
	const want = "0201" + "0142" + "0172" + "0171" + "0169" + "0175" + "0161" + "016e" + "016b" + "0170" + "0166" + "016d" + "01" + "ac02" + "026e6d" +
		"0163" + "02" + "01" + "026375" + "00" + "01" + "0164" + "0178" + "0179" + "017a" + "d804" + "0109" + "0173"
	if got := hex.EncodeToString(e.Append(nil)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
