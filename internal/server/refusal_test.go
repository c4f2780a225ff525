package server

import (
	"slices"
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
)

// TestEveryRuleHasAnException walks the table of refusals from both sides.
func TestEveryRuleHasAnException(t *testing.T) {
	used := map[api.ExceptionName]bool{
		// Those that no rule refuses with, but the front door does.
		api.InternalServiceErrorException: true,
		api.ThrottlingException:           true,
	}
	for _, rule := range metering.Rules {
		name, ok := exceptions[rule]
		if !ok {
			t.Errorf("rule %s has no exception", rule)
		}
		if _, ok := modelled[name]; !ok && name != api.ValidationException {
			t.Errorf("rule %s has the exception %s, which is not in the model", rule, name)
		}
		used[name] = true
	}
	if len(exceptions) != len(metering.Rules) {
		t.Errorf("the table has %d rows for %d rules", len(exceptions), len(metering.Rules))
	}
	for _, e := range api.Exceptions {
		if !used[e.Name] {
			t.Errorf("no rule leads to %s", e.Name)
		}
	}
}

// refusing are calls that break one rule each, on the wide market. The calls
// of before are answered with 200 first.
var refusing = []struct {
	rule   metering.Rule
	before []call
	call   call
	want   api.ExceptionName
	detail string
}{
	{metering.RuleRegionDisabled, nil, call{op: "BatchMeterUsage", body: batchBody, region: "us-gov-west-1"}, api.DisabledApiException, "Region us-gov-west-1 has no such call"},
	{metering.RuleRegionDisabled, nil, call{op: "ResolveCustomer", body: resolveBody, region: "us-gov-west-1"}, api.DisabledApiException, "Region us-gov-west-1"},
	{metering.RuleProductUnknown, nil, batchOn("nope", ""), api.InvalidProductCodeException, `"nope"`},
	{metering.RuleProductUnknown, nil, batchOn("prod-other", ""), api.InvalidProductCodeException, "not published by account 111122223333"},
	{metering.RuleProductUnknown, nil, meterOn("nope", "users", ""), api.InvalidProductCodeException, `"nope"`},
	{metering.RuleProductUnknown, nil, registerOn("nope", "1"), api.InvalidProductCodeException, `"nope"`},
	{metering.RuleProductMissing, nil, call{op: "BatchMeterUsage", body: `{"UsageRecords":[{"Timestamp":` + usageTime + `,"Dimension":"users"}]}`}, api.InvalidProductCodeException, "no LicenseArn, and the request has no ProductCode"},
	{metering.RuleProductKind, nil, batchOn("prod-box", ""), api.InvalidProductCodeException, "metered with MeterUsage"},
	{metering.RuleProductKind, nil, meterOn("prod-abc123", "users", ""), api.InvalidProductCodeException, "metered with BatchMeterUsage"},
	{metering.RuleLicenseInvalid, nil, batchOn("prod-abc123", `"LicenseArn":"arn:aws:license-manager::111122223333:license:l-9"`), api.InvalidLicenseException, "is unknown"},
	{metering.RuleLicenseNotStarted, nil, call{op: "BatchMeterUsage", body: `{"UsageRecords":[{"Timestamp":1795295000,"Dimension":"users","CustomerAWSAccountId":"222233334444","LicenseArn":"` + string(license) + `-many"}]}`}, api.InvalidLicenseException, "when LicenseArn"},
	{metering.RuleDimensionUnknown, nil, batchOn("prod-abc123", `"Dimension":"Users"`), api.InvalidUsageDimensionException, "usageDimension: Users"},
	{metering.RuleDimensionUnknown, nil, meterOn("prod-box", "gb", ""), api.InvalidUsageDimensionException, "usageDimension: gb"},
	{metering.RuleTagInvalid, nil, batchOn("prod-abc123", `"UsageAllocations":[{"AllocatedUsageQuantity":0,"Tags":[]}]`), api.InvalidTagException, "empty list of Tags"},
	{metering.RuleTagInvalid, nil, meterOn("prod-box", "users", `"UsageAllocations":[{"AllocatedUsageQuantity":0,"Tags":[{"Key":"ü","Value":"x"}]}]`), api.InvalidTagException, `Tag key "ü"`},
	{metering.RuleAllocationsInvalid, nil, batchOn("prod-abc123", `"Quantity":7,"UsageAllocations":[{"AllocatedUsageQuantity":6}]`), api.InvalidUsageAllocationsException, "add up to 6"},
	{metering.RuleAllocationsInvalid, nil, meterOn("prod-box", "users", `"UsageAllocations":[]`), api.InvalidUsageAllocationsException, "UsageAllocations is empty"},
	{metering.RuleTimestampTooOld, nil, batchOn("prod-abc123", `"Timestamp":1795222500`), api.TimestampOutOfBoundsException, "is 24h old"},
	{metering.RuleTimestampTooOld, nil, meterOn("prod-box", "users", `"Timestamp":1795287299`), api.TimestampOutOfBoundsException, "is 6h0m1s old"},
	{metering.RuleMonthClosed, nil, batchOn("prod-abc123", `"Timestamp":1793491199`), api.TimestampOutOfBoundsException, "a month that closed"},
	{metering.RuleTimestampInFuture, nil, batchOn("prod-abc123", `"Timestamp":1795309201`), api.TimestampOutOfBoundsException, "lies 5m1s ahead"},
	{metering.RuleTimestampInFuture, nil, meterOn("prod-box", "users", `"Timestamp":1795309201`), api.TimestampOutOfBoundsException, "lies 5m1s ahead"},
	{metering.RuleCustomerUnknown, nil, batchOn("prod-abc123", `"CustomerIdentifier":"cust-9"`), api.InvalidCustomerIdentifierException, `"cust-9" does not exist`},
	{metering.RuleCustomerAmbiguous, nil, batchOn("prod-abc123", `"CustomerAWSAccountId":"222233334444"`), api.InvalidCustomerIdentifierException, "has both"},
	{metering.RuleNotEntitled, nil, meterBy("AKIDSTRANGER"), api.CustomerNotEntitledException, "Account 555566667777 has no agreement"},
	{metering.RuleNotEntitled, nil, call{op: "RegisterUsage", body: `{"ProductCode":"prod-box","PublicKeyVersion":1}`, key: "AKIDSTRANGER"}, api.CustomerNotEntitledException, "Account 555566667777 has no agreement"},
	{metering.RuleCredentialKind, nil, meterBy("AKIDEXAMPLE"), api.CustomerNotEntitledException, "long-term keys cannot meter"},
	{metering.RuleEndpointRegion, nil, call{op: "MeterUsage", body: meterBody, key: "AKIDTASK", region: "eu-west-1"}, api.InvalidEndpointRegionException, "The endpoint is that of eu-west-1"},
	{metering.RuleDuplicateRequest, []call{meterOn("prod-box", "users", "")}, meterOn("prod-box", "users", `"UsageQuantity":8`), api.DuplicateRequestException, "usageDimension: users"},
	{metering.RuleTokenReused, []call{meterOn("prod-box", "users", `"ClientToken":"a"`)}, meterOn("prod-box", "users", `"ClientToken":"a","UsageQuantity":8`), api.IdempotencyConflictException, `"a" was sent before`},
	{metering.RuleTokenRequired, nil, meterBy("AKIDAGENT"), api.ValidationException, "On AgentCore each call needs a ClientToken"},
	{metering.RulePlatform, nil, call{op: "RegisterUsage", body: `{"ProductCode":"prod-box","PublicKeyVersion":1}`}, api.PlatformNotSupportedException, ""},
	{metering.RuleRegisterRegion, nil, call{op: "RegisterUsage", body: `{"ProductCode":"prod-box","PublicKeyVersion":1}`, key: "AKIDTASK", region: "eu-west-1"}, api.InvalidRegionException, "The call is for eu-west-1"},
	{metering.RulePublicKeyVersion, nil, registerOn("prod-box", "2"), api.InvalidPublicKeyVersionException, "no key of version 2"},
	{metering.RuleTokenUnknown, nil, call{op: "ResolveCustomer", body: `{"RegistrationToken":"tok /=abc"}`}, api.InvalidTokenException, ""},
	{metering.RuleTokenExpired, nil, call{op: "ResolveCustomer", body: `{"RegistrationToken":"tok-old"}`}, api.ExpiredTokenException, "It expired at 2026-11-22T00:55:00Z"},
}

// batchOn tells a record that is in order but for the given member, which
// overrides one that stands there.
func batchOn(product, member string) call {
	record := `"Timestamp":` + usageTime + `,"Dimension":"users","CustomerIdentifier":"cust-1"`
	if member != "" {
		record += "," + member
	}
	return call{op: "BatchMeterUsage", body: `{"ProductCode":"` + product + `","UsageRecords":[{` + record + `}]}`}
}

func meterOn(product, dimension, member string) call {
	body := `"ProductCode":"` + product + `","UsageDimension":"` + dimension + `","Timestamp":` + usageTime
	if member != "" {
		body += "," + member
	}
	return call{op: "MeterUsage", body: "{" + body + "}", key: "AKIDTASK"}
}

func meterBy(key string) call { return call{op: "MeterUsage", body: meterBody, key: key} }

func registerOn(product, version string) call {
	return call{op: "RegisterUsage", body: `{"ProductCode":"` + product + `","PublicKeyVersion":` + version + `}`, key: "AKIDTASK"}
}

// TestEveryRuleIsReached refuses by every rule: with an exception that the
// operation may answer with, and the rule's name in the trail.
func TestEveryRuleIsReached(t *testing.T) {
	reached := map[metering.Rule]bool{}
	for _, test := range refusing {
		t.Run(string(test.rule)+"/"+test.call.op, func(t *testing.T) {
			reached[test.rule] = true
			s := open(t, wideMarket())
			for _, before := range test.before {
				if a := s.do(t, before.raw(t)); a.status != 200 {
					t.Fatalf("before it: %d %s", a.status, a.body)
				}
			}
			stored := len(s.records(t))
			a := s.do(t, test.call.raw(t))
			general, status := "1 validation error detected: ", 400
			if e, ok := modelled[test.want]; ok {
				general, status = e.Text, e.Status
				if !slices.Contains(e.Operations, api.Operation(test.call.op)) {
					t.Errorf("the model does not let %s answer with %s", test.call.op, test.want)
				}
			}
			if a.status != status || !strings.HasPrefix(a.body, `{"__type":"`+string(test.want)+`","message":`+strings.TrimSuffix(quoted(general), `"`)) {
				t.Errorf("answer is %d %s", a.status, a.body)
			}
			if message, err := quotedMessage(a.body); err != nil || !strings.Contains(message, test.detail) {
				t.Errorf("%q is not in %q (%v)", test.detail, message, err)
			}
			entries := s.entries(t)
			// What follows from the outcomes of facts needs no name there.
			if rule := entries[len(entries)-1].Refused; rule != string(test.rule) && (rule != "" || test.before == nil) {
				t.Errorf("the trail says %q", rule)
			}
			if n := len(s.records(t)); n != stored {
				t.Errorf("a refused call stored %d records", n-stored)
			}
		})
	}
	for _, rule := range metering.Rules {
		if !reached[rule] {
			t.Errorf("nothing refuses by %s", rule)
		}
	}
}
