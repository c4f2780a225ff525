package marketplace

import (
	"slices"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Admission is what the marketplace says to a call from a running product.
type Admission struct {
	Product *Listing
	// Entitled says whether the caller's account may run the product now.
	// Containers that were once admitted are not asked again (M0158); whether
	// this one was is the ledger's to know.
	Entitled bool
}

// MeterUsage judges a MeterUsage by the rules that need no earlier fact, in
// the order: platform, Region, product, dimension, tags, allocations,
// Timestamp, ClientToken. The order is ours (M0163): AWS does not tell.
func (m *Market) MeterUsage(caller Principal, region metering.Region, u metering.MeterUsage, now time.Time) (Admission, *metering.Refusal) {
	if !caller.runsProduct() {
		return Admission{}, metering.Refuse(metering.RuleCredentialKind, "%s is not the credential of an EC2 instance, ECS task, EKS pod or AgentCore runtime; long-term keys cannot meter.", caller.ARN()) // M0160
	}
	if home := caller.ResourceRegion(); home != region {
		return Admission{}, metering.Refuse(metering.RuleEndpointRegion, "The endpoint is that of %s, %s runs in %s.", region, caller.Resource, home) // M0156
	}
	admission, refusal := m.admit(caller, u.Product, now)
	if refusal != nil {
		return Admission{}, refusal
	}
	if !admission.Product.metersIn(region, caller.Platform) {
		// M0190: MeterUsage knows no DisabledApiException.
		return Admission{}, metering.Refuse(metering.RuleEndpointRegion, "Product %s on %s cannot be metered in %s.", u.Product, caller.Platform, region)
	}
	if _, refusal := admission.Product.checkDimension(u.Dimension); refusal != nil {
		return Admission{}, refusal
	}
	if refusal := metering.CheckTags(u.Allocations); refusal != nil {
		return Admission{}, refusal
	}
	if refusal := metering.CheckAllocations(u.Quantity, u.Allocations, m.Profile.AllocationsMax); refusal != nil {
		return Admission{}, refusal
	}
	if refusal := m.Profile.MeterWindow().Check(u.Timestamp, now); refusal != nil {
		return Admission{}, refusal
	}
	if m.Profile.ClientTokens && caller.Platform == AgentCore && u.ClientToken == "" {
		return Admission{}, metering.Refuse(metering.RuleTokenRequired, "On AgentCore each call needs a ClientToken, which tells a retry from more usage.") // M0154
	}
	return admission, nil
}

// RegisterUsage judges a RegisterUsage by the rules that need no earlier fact.
func (m *Market) RegisterUsage(caller Principal, region metering.Region, product metering.ProductCode, version int64, now time.Time) (Admission, PublicKey, *metering.Refusal) {
	if !caller.Platform.Container() || !caller.runsProduct() {
		return Admission{}, PublicKey{}, metering.Refuse(metering.RulePlatform, "%s is not the credential of one.", caller.ARN()) // M0170
	}
	if home := caller.ResourceRegion(); home != region {
		return Admission{}, PublicKey{}, metering.Refuse(metering.RuleRegisterRegion, "The call is for %s, %s runs in %s.", region, caller.Resource, home) // M0171
	}
	if refusal := CheckContainerRegion(region); refusal != nil {
		return Admission{}, PublicKey{}, refusal
	}
	admission, refusal := m.admit(caller, product, now)
	if refusal != nil {
		return Admission{}, PublicKey{}, refusal
	}
	if kind := admission.Product.Kind; kind != Container { // M0162
		return Admission{}, PublicKey{}, metering.Refuse(metering.RuleProductKind, "Product %s is of kind %s; RegisterUsage is for container.", product, kind)
	}
	if refusal := admission.Product.checkRegion(region); refusal != nil {
		return Admission{}, PublicKey{}, refusal
	}
	key, ok := admission.Product.PublicKey(version)
	if !ok {
		return Admission{}, PublicKey{}, metering.Refuse(metering.RulePublicKeyVersion, "Product %s has no key of version %d; its newest is %d.", product, version, admission.Product.NewestKey().Version) // M0172
	}
	return admission, key, nil
}

func (p Principal) runsProduct() bool { return p.Platform != "" && p.Resource != "" }

// admit finds the product that runs and asks whether the caller may run it.
func (m *Market) admit(caller Principal, code metering.ProductCode, now time.Time) (Admission, *metering.Refusal) {
	listing := m.Product(code)
	if listing == nil {
		return Admission{}, metering.Refuse(metering.RuleProductUnknown, "There is no product with code %q. The code is not the product's prod-… id in the catalog of AWS Marketplace.", code)
	}
	if listing.Kind == SaaS { // M0162
		return Admission{}, metering.Refuse(metering.RuleProductKind, "Product %s is of kind saas, which is metered with BatchMeterUsage.", code)
	}
	return Admission{Product: listing, Entitled: m.entitled(caller.Account, listing, now)}, nil
}

// metersIn reports whether the product's usage can be told in a Region.
func (l *Listing) metersIn(region metering.Region, p Platform) bool {
	enabled := ec2Regions
	if p.Container() {
		enabled = containerRegions
	}
	return slices.Contains(enabled, region) && l.checkRegion(region) == nil
}

// entitled: M0157, the account needs an agreement in force; M0159, the
// account that lists the product needs none, so that it can be tried out.
func (m *Market) entitled(account metering.AccountID, l *Listing, now time.Time) bool {
	if account == l.Seller {
		return true
	}
	holder := m.byAccount[account]
	if holder == nil {
		return false
	}
	license := holder.licenseFor(l, now, now, 0)
	return license != nil && license.EntitledAt(now)
}

// RefuseEntitlement is the answer to a caller that is not entitled.
func (a Admission) RefuseEntitlement(caller Principal) *metering.Refusal {
	return metering.Refuse(metering.RuleNotEntitled, "Account %s has no agreement in force on product %s.", caller.Account, a.Product.Code)
}
