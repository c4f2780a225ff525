package api

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestViolationsOfABatch(t *testing.T) {
	ok := func() *BatchMeterUsageRequest {
		return &BatchMeterUsageRequest{
			ProductCode: new("prod-abc123"),
			UsageRecords: []UsageRecord{{
				Timestamp:          new(time.Unix(1795307445, 0)),
				CustomerIdentifier: new("cust-1"),
				Dimension:          new("users"),
				Quantity:           new(int64(7)),
				UsageAllocations:   []UsageAllocation{{AllocatedUsageQuantity: new(int64(7)), Tags: []Tag{{new("team"), new("red")}}}},
			}},
		}
	}
	tests := []struct {
		name  string
		spoil func(*BatchMeterUsageRequest)
		want  string
	}{
		{"nothing", func(r *BatchMeterUsageRequest) {}, ""},
		{"no records member", func(r *BatchMeterUsageRequest) { r.UsageRecords = nil }, "Value null at 'usageRecords' failed to satisfy constraint: Member must not be null"},
		{"empty records", func(r *BatchMeterUsageRequest) { r.UsageRecords = []UsageRecord{} }, ""},
		{"25 records", func(r *BatchMeterUsageRequest) { r.UsageRecords = repeat(r.UsageRecords[0], 25) }, ""},
		{"26 records", func(r *BatchMeterUsageRequest) { r.UsageRecords = repeat(r.UsageRecords[0], 26) }, "Value '[26 records]' at 'usageRecords' failed to satisfy constraint: Member must have length less than or equal to 25"},
		{"no timestamp", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].Timestamp = nil }, "Value null at 'usageRecords.1.member.timestamp' failed to satisfy constraint: Member must not be null"},
		{"no dimension", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].Dimension = nil }, "Value null at 'usageRecords.1.member.dimension' failed to satisfy constraint: Member must not be null"},
		{"empty dimension", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].Dimension = new("") }, "Value '' at 'usageRecords.1.member.dimension' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"dimension of 255", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].Dimension = new(strings.Repeat("ü", 255)) }, ""},
		{"quantity -1", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].Quantity = new(int64(-1)) }, "Value '-1' at 'usageRecords.1.member.quantity' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"quantity at the edge", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].Quantity = new(int64(2147483647)) }, ""},
		{"quantity past the edge", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].Quantity = new(int64(2147483648)) }, "Value '2147483648' at 'usageRecords.1.member.quantity' failed to satisfy constraint: Member must have value less than or equal to 2147483647"},
		{"account with letters", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].CustomerAWSAccountId = new("12a") }, "Value '12a' at 'usageRecords.1.member.customerAWSAccountId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9]+$"},
		{"tag without key", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].UsageAllocations[0].Tags[0].Key = nil }, "Value null at 'usageRecords.1.member.usageAllocations.1.member.tags.1.member.key' failed to satisfy constraint: Member must not be null"},
		{"allocation without quantity", func(r *BatchMeterUsageRequest) { r.UsageRecords[0].UsageAllocations[0].AllocatedUsageQuantity = nil }, "Value null at 'usageRecords.1.member.usageAllocations.1.member.allocatedUsageQuantity' failed to satisfy constraint: Member must not be null"},
		{"product code with blank", func(r *BatchMeterUsageRequest) { r.ProductCode = new("a b") }, "Value 'a b' at 'productCode' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[-a-zA-Z0-9/=:_.@]*$"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := ok()
			test.spoil(r)
			got := ""
			for _, v := range r.Violations() {
				got += v.String()
			}
			if got != test.want {
				t.Errorf("violations:\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func repeat(r UsageRecord, n int) []UsageRecord {
	list := make([]UsageRecord, n)
	for i := range list {
		list[i] = r
	}
	return list
}

func TestValidationErrorCountsViolations(t *testing.T) {
	err := ValidationError((&MeterUsageRequest{UsageQuantity: new(int64(-3))}).Violations())
	const want = "4 validation errors detected: " +
		"Value null at 'productCode' failed to satisfy constraint: Member must not be null; " +
		"Value null at 'timestamp' failed to satisfy constraint: Member must not be null; " +
		"Value null at 'usageDimension' failed to satisfy constraint: Member must not be null; " +
		"Value '-3' at 'usageQuantity' failed to satisfy constraint: Member must have value greater than or equal to 0"
	if err.Message != want || err.Status != 400 || err.Name != ValidationException {
		t.Errorf("got %d %s %q\nwant %q", err.Status, err.Name, err.Message, want)
	}
	if ValidationError(nil) != nil {
		t.Error("no violations must be no error")
	}
}

func TestViolationsAreBounded(t *testing.T) {
	r := BatchMeterUsageRequest{UsageRecords: make([]UsageRecord, 300_000)}
	if n := len(r.Violations()); n != violationsMax {
		t.Errorf("%d violations, want %d", n, violationsMax)
	}
}

func TestViolationsOfTheOtherOperations(t *testing.T) {
	tests := []struct {
		name  string
		found []Violation
		want  string
	}{
		{"key version 0", (&RegisterUsageRequest{ProductCode: new("p"), PublicKeyVersion: new(int64(0))}).Violations(), "publicKeyVersion"},
		{"nonce of 256", (&RegisterUsageRequest{ProductCode: new("p"), PublicKeyVersion: new(int64(1)), Nonce: new(strings.Repeat("n", 256))}).Violations(), "nonce"},
		{"nonce of 255", (&RegisterUsageRequest{ProductCode: new("p"), PublicKeyVersion: new(int64(1)), Nonce: new(strings.Repeat("n", 255))}).Violations(), ""},
		{"empty registration token", (&ResolveCustomerRequest{RegistrationToken: new("")}).Violations(), "registrationToken"},
		{"no registration token", (&ResolveCustomerRequest{}).Violations(), "registrationToken"},
		{"client token of 65", (&MeterUsageRequest{ProductCode: new(""), Timestamp: new(time.Now()), UsageDimension: new("d"), ClientToken: new(strings.Repeat("c", 65))}).Violations(), "clientToken"},
		{"client token of 64", (&MeterUsageRequest{ProductCode: new(""), Timestamp: new(time.Now()), UsageDimension: new("d"), ClientToken: new(strings.Repeat("c", 64))}).Violations(), ""},
		{"empty client token", (&MeterUsageRequest{ProductCode: new(""), Timestamp: new(time.Now()), UsageDimension: new("d"), ClientToken: new("")}).Violations(), "clientToken"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			for _, v := range test.found {
				got += v.Path
			}
			if got != test.want {
				t.Errorf("violations at %q, want %q", got, test.want)
			}
		})
	}
}

// The hand-written matchers must accept exactly what the model's expressions do.
func FuzzPatterns(f *testing.F) {
	for _, seed := range []string{"", "prod-abc123", "a b", "123", "12a", "ü", "a\n", "!#$%&'()*,;<", ">?", "arn:aws:license-manager::294406891311:license:l-9d", "arn:aws-cn:a:::-", "arn:awsé:a:b:c:d", "arn:aws:a/_.-:b:c:d:::", "arn:aws::::"} {
		f.Add(seed)
	}
	compiled := map[*pattern]*regexp.Regexp{}
	for _, p := range []*pattern{&productCodePattern, &accountIDPattern, &notEmptyPattern} {
		compiled[p] = regexp.MustCompile(p.text)
	}
	// Go's engine repeats at most 1000 times, so 1023 is taken in two runs.
	compiled[&licenseArnPattern] = regexp.MustCompile(strings.Replace(licenseArnText, "[A-Za-z0-9:_/+=,@.-]{0,1023}", "[A-Za-z0-9:_/+=,@.-]{0,1000}[A-Za-z0-9:_/+=,@.-]{0,23}", 1))
	f.Fuzz(func(t *testing.T, s string) {
		for p, re := range compiled {
			if got, want := p.matches(s), re.MatchString(s); got != want {
				t.Errorf("%s on %q: matcher says %v, expression says %v", p.text, s, got, want)
			}
		}
	})
}

func TestLicenseArnPattern(t *testing.T) {
	const prefix = "arn:aws:license-manager::294406891311:license:l-9d01d15f86334a8894365cd7350556ff"
	for arn, want := range map[string]bool{
		prefix:                                   true,
		"arn:aws-cn:license-manager::1:l-1":      true,
		"aws:license-manager:us-east-1:1:l-e52c": false,
		"":                                       false,
		"arn:aws:s3:::" + strings.Repeat("x", 1024): true,
		"arn:aws:s3:::" + strings.Repeat("x", 1025): false,
	} {
		if got := licenseArnPattern.matches(arn); got != want {
			t.Errorf("matches(%.60q…) = %v, want %v", arn, got, want)
		}
	}
}

func TestEveryOperationCanFailInternally(t *testing.T) {
	for _, e := range Exceptions {
		if e.Text == "" || len(e.Operations) == 0 {
			t.Errorf("%s lacks its text or operations", e.Name)
		}
		for _, op := range e.Operations {
			if !op.Known() {
				t.Errorf("%s names unknown operation %q", e.Name, op)
			}
		}
	}
	if len(Exceptions) != 19 {
		t.Errorf("the model has 19 exceptions, the table %d", len(Exceptions))
	}
}
