package marketplace

import (
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Customer is what a registration token stands for. Names that the seller is
// not to learn are empty.
type Customer struct {
	Customer metering.CustomerID
	Product  metering.ProductCode
	Account  metering.AccountID
	License  metering.LicenseARN
}

// ResolveCustomer judges a registration token that account calls with. It says
// who the buyer is, not whether their agreement is active.
func (m *Market) ResolveCustomer(caller metering.AccountID, region metering.Region, value string, now time.Time) (Customer, *metering.Refusal) {
	if refusal := CheckSaaSRegion(region); refusal != nil {
		return Customer{}, refusal
	}
	token, ok := m.tokens[value]
	if !ok { // M0183
		return Customer{}, metering.Refuse(metering.RuleTokenUnknown, "No such registration token was issued. Decode the form value once: a blank in it was a plus sign.")
	}
	license := m.licenses[token.LicenseArn]
	listing := license.Listing
	if listing.Seller != caller { // M0180
		return Customer{}, metering.Refuse(metering.RuleTokenUnknown, "The registration token is for a product that account %s does not publish.", caller)
	}
	if refusal := listing.checkRegion(region); refusal != nil {
		return Customer{}, refusal
	}
	if expires := m.ExpiresAt(token); !now.Before(expires) { // M0182
		return Customer{}, metering.Refuse(metering.RuleTokenExpired, "It expired at %s; the buyer gets a new one by opening the registration page from AWS Marketplace again.", metering.ShowTime(expires))
	}
	return m.customer(listing, license), nil
}

// ExpiresAt is when a token stops being resolved: M0181, until then it can be
// resolved as often as one likes.
func (m *Market) ExpiresAt(t Token) time.Time {
	return t.Minted.Add(m.Profile.RegistrationTokenLife)
}

// customer tells what the time of the profile let a seller learn: M0184,
// account ids came in 2022, licences in 2026, and products with concurrent
// agreements have no CustomerIdentifier.
func (m *Market) customer(l *Listing, license *License) Customer {
	c := Customer{Product: l.Code, Customer: license.Buyer.CustomerIdentifier}
	if m.Profile.AccountIDs {
		c.Account = license.Buyer.Account
	}
	if m.Profile.Licenses {
		c.License = license.LicenseArn
	}
	if m.concurrent(l) {
		c.Customer = ""
	}
	return c
}

// concurrent reports whether the product's buyers are addressed by licence. At
// a time that knew no licences, every product was addressed by ProductCode.
func (m *Market) concurrent(l *Listing) bool {
	return m.Profile.Licenses && l.Mode == Concurrent
}
