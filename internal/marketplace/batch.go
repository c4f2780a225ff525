package marketplace

import (
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Metered is what the marketplace makes of one usage record of a batch.
type Metered struct {
	// Status is CustomerNotSubscribed, or empty if the record may be told.
	Status metering.Status
	// Product is the product that is metered.
	Product *Listing
	// License is the one that the usage falls on. It is never nil for a record
	// that may be told.
	License *License
	// OnLicense says that the record is metered on the licence, because it named
	// it; else it is metered on the product (M0125: these are separate books).
	OnLicense bool
	// Dimension is the number of the record's dimension.
	Dimension Number
}

// MeterBatch judges a batch that account calls with, and appends what it makes
// of each record to metered. A refusal ends the whole batch (M0114): all records
// are judged before anything is stored. The order of the questions is M0113:
// ProductCode, LicenseArn, Dimension, tags, allocations, Timestamp, customer.
func (m *Market) MeterBatch(metered []Metered, caller metering.AccountID, region metering.Region, b metering.Batch, now time.Time) ([]Metered, *metering.Refusal) {
	if refusal := CheckSaaSRegion(region); refusal != nil {
		return nil, refusal
	}
	b = m.Profile.Known(b)
	judge := batchJudge{m, caller, region, now, b.Product, nil}
	if refusal := judge.product(b.Usages); refusal != nil {
		return nil, refusal
	}
	first := len(metered)
	metered = append(metered, make([]Metered, len(b.Usages))...)
	for _, ask := range [...]func(*batchJudge, *metering.Usage, *Metered) *metering.Refusal{
		(*batchJudge).license, (*batchJudge).dimension, (*batchJudge).tags,
		(*batchJudge).allocations, (*batchJudge).timestamp, (*batchJudge).customer,
	} {
		for i := range b.Usages {
			if refusal := ask(&judge, &b.Usages[i], &metered[first+i]); refusal != nil {
				refusal.Detail = record(i, len(b.Usages)) + refusal.Detail
				return nil, refusal
			}
		}
	}
	return metered, nil
}

type batchJudge struct {
	*Market
	caller  metering.AccountID
	region  metering.Region
	now     time.Time
	code    metering.ProductCode
	listing *Listing // the product of the request; nil until known
}

func (j *batchJudge) product(usages []metering.Usage) *metering.Refusal {
	if j.code == "" {
		for i := range usages {
			if usages[i].License == "" {
				return metering.Refuse(metering.RuleProductMissing, "%sThe record has no LicenseArn, and the request has no ProductCode.", record(i, len(usages))) // M0120
			}
		}
		return nil
	}
	listing, refusal := j.listingOf(j.code, j.caller)
	if refusal != nil {
		return refusal
	}
	if listing.Kind != SaaS {
		return metering.Refuse(metering.RuleProductKind, "Product %s is of kind %s, which is metered with MeterUsage; BatchMeterUsage is for saas.", j.code, listing.Kind)
	}
	j.listing = listing
	return listing.checkRegion(j.region)
}

// listingOf finds a product of the caller. M0122: another seller's product is
// as unknown as one that does not exist.
func (m *Market) listingOf(code metering.ProductCode, caller metering.AccountID) (*Listing, *metering.Refusal) {
	listing := m.Product(code)
	if listing == nil {
		return nil, metering.Refuse(metering.RuleProductUnknown, "There is no product with code %q. The code is not the product's prod-… id in the catalog of AWS Marketplace.", code)
	}
	if listing.Seller != caller {
		return nil, metering.Refuse(metering.RuleProductUnknown, "Product %s is not published by account %s, which made the call.", code, caller)
	}
	return listing, nil
}

// license finds the licence of a record. M0138: a wrong one refuses the batch.
func (j *batchJudge) license(u *metering.Usage, out *Metered) *metering.Refusal {
	if u.License == "" {
		return j.withoutLicense(u, out)
	}
	license := j.License(u.License)
	if license == nil {
		return refuseLicense("LicenseArn %s is unknown.", u.License)
	}
	listing := license.Listing
	switch {
	case listing.Seller != j.caller:
		return refuseLicense("LicenseArn %s is for a product that account %s does not publish.", u.License, j.caller) // M0122
	case listing.Kind != SaaS:
		return refuseLicense("LicenseArn %s is for product %s of kind %s, which is metered with MeterUsage; BatchMeterUsage is for saas.", u.License, listing.Code, listing.Kind) // M0138
	case j.listing != nil && listing != j.listing:
		return refuseLicense("LicenseArn %s is for product %s, the request is for %s; one request takes one product.", u.License, listing.Code, j.listing.Code) // M0121
	case j.code != "" && !j.codeMayAccompany(listing):
		return refuseLicense("The request has ProductCode %s and LicenseArn %s. Leave ProductCode out.", j.code, u.License) // M0119
	case u.Customer != "":
		return refuseLicense("CustomerIdentifier %q goes with ProductCode; with LicenseArn send CustomerAWSAccountId.", u.Customer) // M0118
	case u.Account != "" && u.Account != license.Holder:
		return refuseLicense("LicenseArn %s is not held by CustomerAWSAccountId %s.", u.License, u.Account)
	case u.Timestamp.Before(license.Start):
		return metering.Refuse(metering.RuleLicenseNotStarted, "Timestamp %s lies before %s, when LicenseArn %s became active.", metering.ShowTime(u.Timestamp), metering.ShowTime(license.Start), u.License) // M0112
	}
	j.listing = listing
	out.Product, out.License, out.OnLicense = listing, license, true
	return listing.checkRegion(j.region)
}

func (j *batchJudge) withoutLicense(u *metering.Usage, out *Metered) *metering.Refusal {
	out.Product = j.listing
	if !j.concurrent(j.listing) || u.Customer != "" {
		return nil // M0113: what is wrong with a customer is told last
	}
	return refuseLicense("Product %s has concurrent agreements: each record needs a LicenseArn.", j.listing.Code)
}

func (j *batchJudge) codeMayAccompany(listing *Listing) bool {
	switch j.Profile.ProductCodeWithLicense {
	case metering.CodeWithLicenseAccept:
		return true
	case metering.CodeWithLicenseRefuse:
		return false
	}
	return !j.concurrent(listing)
}

func (j *batchJudge) dimension(u *metering.Usage, out *Metered) *metering.Refusal {
	number, refusal := out.Product.checkDimension(u.Dimension)
	out.Dimension = number
	return refusal
}

// checkDimension finds the number of a dimension; case matters (M0132).
func (l *Listing) checkDimension(d metering.Dimension) (Number, *metering.Refusal) {
	if number, ok := l.dimensions[d]; ok {
		return number, nil
	}
	keys := make([]metering.Dimension, len(l.Dimensions))
	for i, dimension := range l.Dimensions {
		keys[i] = dimension.Key
	}
	// AWS's own container sample looks for "usageDimension: NAME" in the text.
	return 0, metering.Refuse(metering.RuleDimensionUnknown, "usageDimension: %s is not a dimension of product %s, which has %s; case matters.", d, l.Code, join(keys))
}

func (j *batchJudge) tags(u *metering.Usage, _ *Metered) *metering.Refusal {
	return metering.CheckTags(u.Allocations)
}

func (j *batchJudge) allocations(u *metering.Usage, _ *Metered) *metering.Refusal {
	return metering.CheckAllocations(u.Quantity, u.Allocations, j.Profile.AllocationsMax)
}

func (j *batchJudge) timestamp(u *metering.Usage, _ *Metered) *metering.Refusal {
	return j.Profile.BatchWindow().Check(u.Timestamp, j.now)
}

func (j *batchJudge) customer(u *metering.Usage, out *Metered) *metering.Refusal {
	switch {
	case u.Customer != "" && u.Account != "":
		return metering.Refuse(metering.RuleCustomerAmbiguous, "The record has both CustomerIdentifier %q and CustomerAWSAccountId %q; send one.", u.Customer, u.Account) // M0116
	case u.Customer == "" && u.Account == "":
		return metering.Refuse(metering.RuleCustomerAmbiguous, "The record names no customer: send CustomerAWSAccountId, or CustomerIdentifier for older products.") // M0116
	case !out.OnLicense && j.concurrent(out.Product):
		return metering.Refuse(metering.RuleCustomerAmbiguous, "Product %s addresses buyers by CustomerAWSAccountId and LicenseArn; CustomerIdentifier %q is not supported.", out.Product.Code, u.Customer) // M0117
	case out.OnLicense:
		return j.subscribed(u, out)
	}
	holder := j.byAccount[u.Account] // M0137
	if u.Customer != "" {
		if holder = j.byCustomer[u.Customer]; holder == nil {
			return metering.Refuse(metering.RuleCustomerUnknown, "CustomerIdentifier %q does not exist; take it from ResolveCustomer.", u.Customer) // M0115
		}
	}
	if holder != nil {
		out.License = holder.licenseFor(out.Product, u.Timestamp, j.now, j.Profile.FinalHour)
	}
	return j.subscribed(u, out)
}

// subscribed gives the record its verdict by the licence it falls on. M0123: a
// buyer that is not known is as one without a licence.
func (j *batchJudge) subscribed(u *metering.Usage, out *Metered) *metering.Refusal {
	if l := out.License; l == nil || !l.TakesUsageAt(j.now, j.Profile.FinalHour) || u.Timestamp.Before(l.Start) {
		out.Status = metering.CustomerNotSubscribed
	}
	return nil
}

func refuseLicense(format string, args ...any) *metering.Refusal {
	return metering.Refuse(metering.RuleLicenseInvalid, format, args...)
}
