package admin

import (
	"net/http"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// TokenRequest is the body of POST token: a licence, or a product and a
// customer who has one agreement on it.
type TokenRequest struct {
	License metering.LicenseARN  `json:"licenseArn,omitempty"`
	Product metering.ProductCode `json:"product,omitempty"`
	// Customer is a CustomerIdentifier or an account.
	Customer string `json:"customer,omitempty"`
}

// Token is a registration token.
type Token struct {
	Token   string              `json:"token"`
	License metering.LicenseARN `json:"licenseArn"`
	Expires time.Time           `json:"expires"`
	// RegistrationURL is the page that a marketplace would post the token to.
	RegistrationURL string `json:"registrationUrl,omitempty"`
}

func (a *Admin) mintToken(r *http.Request) (any, error) {
	var request TokenRequest
	if err := decodeBody(r, &request); err != nil {
		return nil, err
	}
	market := a.ledger.Market()
	license, err := request.license(market, a.ledger.Clock().Now())
	if err != nil {
		return nil, err
	}
	token, err := a.ledger.MintToken(r.Context(), license)
	if err != nil {
		return nil, err
	}
	a.logger.Info("registration token minted", "license", license)
	return tokenOf(market, token), nil
}

func tokenOf(m *marketplace.Market, t marketplace.Token) Token {
	token := Token{Token: t.Value, License: t.LicenseArn, Expires: m.ExpiresAt(t)}
	if license := m.License(t.LicenseArn); license != nil {
		token.RegistrationURL = m.Product(license.Product).RegistrationURL
	}
	return token
}

// license finds the licence that the request means.
func (t TokenRequest) license(m *marketplace.Market, now time.Time) (metering.LicenseARN, error) {
	switch {
	case t.License != "" && (t.Product != "" || t.Customer != ""):
		return "", refuse(http.StatusBadRequest, `send "licenseArn", or "product" and "customer"`)
	case t.License != "":
		if m.License(t.License) == nil {
			return "", refuse(http.StatusNotFound, "licenseArn: %q is unknown", t.License)
		}
		return t.License, nil
	case t.Product == "" || t.Customer == "":
		return "", refuse(http.StatusBadRequest, `send "licenseArn", or "product" and "customer"`)
	case m.Product(t.Product) == nil:
		return "", refuse(http.StatusNotFound, "product: %q is unknown", t.Product)
	}
	buyer := m.Buyer(accountOf(m, t.Customer))
	if buyer == nil {
		return "", refuse(http.StatusNotFound, "customer: %q is unknown", t.Customer)
	}
	found := licenses(buyer, t.Product, now)
	switch len(found) {
	case 0:
		return "", refuse(http.StatusNotFound, "customer %q has no agreement on product %q", t.Customer, t.Product)
	case 1:
		return found[0], nil
	}
	return "", refuse(http.StatusConflict, "customer %q has %d agreements on product %q; send one as licenseArn: %s", t.Customer, len(found), t.Product, join(found))
}

// licenses returns those of a buyer's licences for a product that are in
// force, or all if none is.
func licenses(b *marketplace.Buyer, product metering.ProductCode, now time.Time) []metering.LicenseARN {
	var inForce, all []metering.LicenseARN
	for i := range b.Agreements {
		agreement := &b.Agreements[i]
		if agreement.Product != product {
			continue
		}
		all = append(all, agreement.LicenseArn)
		if agreement.EntitledAt(now) {
			inForce = append(inForce, agreement.LicenseArn)
		}
	}
	if len(inForce) > 0 {
		return inForce
	}
	return all
}

func join(list []metering.LicenseARN) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = string(x)
	}
	return strings.Join(words, ", ")
}
