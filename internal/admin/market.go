package admin

import (
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// Seller is a seller without secrets.
type Seller struct {
	Account     metering.AccountID `json:"account"`
	Credentials []Credential       `json:"credentials"`
	Products    []Product          `json:"products"`
}

// Product is a product without its private keys.
type Product struct {
	Code            metering.ProductCode    `json:"code"`
	Title           string                  `json:"title,omitempty"`
	Kind            marketplace.Kind        `json:"kind"`
	Mode            marketplace.Mode        `json:"mode,omitempty"`
	Dimensions      []marketplace.Dimension `json:"dimensions"`
	RegistrationURL string                  `json:"registrationUrl,omitempty"`
	Regions         []metering.Region       `json:"regions,omitempty"`
	// NewestKey is the version of the newest signing key.
	NewestKey int64 `json:"newestKey"`
}

func sellerOf(s marketplace.Seller) Seller {
	seller := Seller{Account: s.Account, Credentials: credentialsOf(s.Account, s.Credentials), Products: []Product{}}
	for i := range s.Products {
		p := &s.Products[i]
		seller.Products = append(seller.Products, Product{
			Code: p.Code, Title: p.Title, Kind: p.Kind, Mode: p.Mode,
			Dimensions:      append([]marketplace.Dimension{}, p.Dimensions...),
			RegistrationURL: p.RegistrationURL, Regions: p.Regions,
			NewestKey: p.NewestKey().Version,
		})
	}
	return seller
}

// Buyer is a buyer without secrets.
type Buyer struct {
	Account     metering.AccountID  `json:"account"`
	Customer    metering.CustomerID `json:"customer,omitempty"`
	Credentials []Credential        `json:"credentials"`
	Agreements  []Agreement         `json:"agreements"`
}

// Agreement is an agreement and what follows from it now.
type Agreement struct {
	marketplace.Agreement
	// TakesUsage says that usage told now counts on it.
	TakesUsage bool `json:"takesUsage"`
}

func buyerOf(b marketplace.Buyer, now time.Time, finalHour time.Duration) Buyer {
	buyer := Buyer{Account: b.Account, Customer: b.CustomerIdentifier, Credentials: credentialsOf(b.Account, b.Credentials), Agreements: []Agreement{}}
	for _, a := range b.Agreements {
		buyer.Agreements = append(buyer.Agreements, Agreement{a, a.TakesUsageAt(now, finalHour)})
	}
	return buyer
}

// Credential says that there is a credential and whose, not what proves it.
type Credential struct {
	// AccessKeyID is public, as it is at AWS. API keys are secret as a whole.
	AccessKeyID string               `json:"accessKeyId,omitempty"`
	APIKey      bool                 `json:"apiKey,omitempty"`
	Anonymous   bool                 `json:"anonymous,omitempty"`
	Principal   string               `json:"principal"`
	Platform    marketplace.Platform `json:"platform,omitempty"`
	Resource    metering.Resource    `json:"resource,omitempty"`
	Expires     time.Time            `json:"expires,omitzero"`
	Allow       []string             `json:"allow,omitempty"`
	Deny        []string             `json:"deny,omitempty"`
}

func credentialsOf(account metering.AccountID, list []marketplace.Credential) []Credential {
	shown := make([]Credential, len(list))
	for i := range list {
		c := &list[i]
		shown[i] = Credential{
			AccessKeyID: c.AccessKeyID, APIKey: c.APIKey != "", Anonymous: c.Anonymous,
			Principal: marketplace.Principal{Account: account, Credential: c}.ARN(),
			Platform:  c.Platform, Resource: c.Resource, Expires: c.ExpiresAt,
			Allow: c.Allow, Deny: c.Deny,
		}
	}
	return shown
}
