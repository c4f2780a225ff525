package metering

import "fmt"

// Refusal is a "no" of the rules that ends the whole call: nothing was stored.
// The server's table turns its rule into an exception of the API.
type Refusal struct {
	Rule Rule
	// Detail says in plain words what was wrong and what to do, naming the
	// value. It goes to the caller behind the exception's general text.
	Detail string
}

func (r *Refusal) Error() string { return string(r.Rule) + ": " + r.Detail }

// Refuse makes a Refusal with a formatted detail.
func Refuse(rule Rule, format string, args ...any) *Refusal {
	return &Refusal{Rule: rule, Detail: fmt.Sprintf(format, args...)}
}

// Rule names a rule that can refuse a call.
type Rule string

const (
	RuleRegionDisabled     Rule = "region-disabled"            // M0190
	RuleProductUnknown     Rule = "product-unknown"            // M0122
	RuleProductMissing     Rule = "product-missing"            // M0120
	RuleProductKind        Rule = "product-kind"               // M0162
	RuleLicenseInvalid     Rule = "license-invalid"            // M0118, M0119, M0121, M0122
	RuleLicenseNotStarted  Rule = "license-not-started"        // M0112
	RuleDimensionUnknown   Rule = "dimension-unknown"          // M0132
	RuleTagInvalid         Rule = "tag-invalid"                // M0141 to M0143, M0145
	RuleAllocationsInvalid Rule = "allocations-invalid"        // M0140, M0144, M0146
	RuleTimestampTooOld    Rule = "timestamp-too-old"          // M0107, M0155
	RuleMonthClosed        Rule = "month-closed"               // M0108
	RuleTimestampInFuture  Rule = "timestamp-in-future"        // M0111
	RuleCustomerUnknown    Rule = "customer-unknown"           // M0115
	RuleCustomerAmbiguous  Rule = "customer-ambiguous"         // M0116, M0117
	RuleNotEntitled        Rule = "not-entitled"               // M0157, M0173
	RuleCredentialKind     Rule = "credential-kind"            // M0160
	RuleEndpointRegion     Rule = "endpoint-region"            // M0156
	RuleDuplicateRequest   Rule = "duplicate-request"          // M0152
	RuleTokenReused        Rule = "client-token-reused"        // M0153
	RuleTokenRequired      Rule = "client-token-missing"       // M0154
	RulePlatform           Rule = "platform"                   // M0170
	RuleRegisterRegion     Rule = "register-region"            // M0171
	RulePublicKeyVersion   Rule = "public-key-version"         // M0172
	RuleTokenUnknown       Rule = "registration-token-unknown" // M0180, M0183
	RuleTokenExpired       Rule = "registration-token-expired" // M0182
)

// Rules lists every rule, for tables that must be complete.
var Rules = []Rule{
	RuleRegionDisabled, RuleProductUnknown, RuleProductMissing, RuleProductKind,
	RuleLicenseInvalid, RuleLicenseNotStarted, RuleDimensionUnknown, RuleTagInvalid,
	RuleAllocationsInvalid, RuleTimestampTooOld, RuleMonthClosed, RuleTimestampInFuture,
	RuleCustomerUnknown, RuleCustomerAmbiguous, RuleNotEntitled, RuleCredentialKind,
	RuleEndpointRegion, RuleDuplicateRequest, RuleTokenReused, RuleTokenRequired,
	RulePlatform, RuleRegisterRegion, RulePublicKeyVersion, RuleTokenUnknown, RuleTokenExpired,
}
