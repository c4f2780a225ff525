package marketplace

import (
	"slices"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Seller publishes products.
type Seller struct {
	Account     metering.AccountID `json:"account"`
	Credentials []Credential       `json:"credentials,omitempty"`
	Products    []Product          `json:"products,omitempty"`
}

// Product is what a seller lists.
type Product struct {
	Code            metering.ProductCode `json:"code"`
	Title           string               `json:"title,omitempty"`
	Kind            Kind                 `json:"kind"`
	Mode            Mode                 `json:"mode,omitempty"`
	Dimensions      []Dimension          `json:"dimensions,omitempty"`
	RegistrationURL string               `json:"registrationUrl,omitempty"`
	// Regions limits where the product's calls are enabled; empty: wherever
	// the API is.
	Regions []metering.Region `json:"regions,omitempty"`
	// PublicKeys are the versions of the key that signs RegisterUsage
	// answers, lowest first. Without any, version 1 is made when needed.
	PublicKeys []PublicKey `json:"publicKeys,omitempty"`
}

// Dimension is a priced unit of usage.
type Dimension struct {
	Key  metering.Dimension `json:"key"`
	Unit string             `json:"unit,omitempty"`
	// Price is a decimal number, per unit.
	Price string `json:"price,omitempty"`
}

// PublicKey is one version of a product's signing key.
type PublicKey struct {
	Version int64 `json:"version"`
	// PrivateKey is PEM (PKCS #8 or PKCS #1); empty: made when needed.
	PrivateKey string `json:"privateKey,omitempty"`
	// RotatedAt is when a newer version took over; zero while in force (M0175).
	RotatedAt time.Time `json:"rotatedAt,omitzero"`
}

// Kind is how a product is delivered.
type Kind string

const (
	SaaS      Kind = "saas"
	AMI       Kind = "ami"
	Container Kind = "container"
)

// Mode is how a SaaS product's buyers are addressed.
type Mode string

const (
	// Legacy products are addressed by ProductCode and customer.
	Legacy Mode = "legacy"
	// Concurrent products, all that are newer than 2026-06-01, are addressed
	// by licence, so that a buyer can hold several agreements at once.
	Concurrent Mode = "concurrent"
)

// PublicKey returns the product's key of a version. A product that lists no
// keys has version 1.
func (p *Product) PublicKey(version int64) (PublicKey, bool) {
	if len(p.PublicKeys) == 0 {
		return PublicKey{Version: 1}, version == 1
	}
	i := slices.IndexFunc(p.PublicKeys, func(k PublicKey) bool { return k.Version == version })
	if i < 0 {
		return PublicKey{}, false
	}
	return p.PublicKeys[i], true
}

// NewestKey returns the product's key with the highest version.
func (p *Product) NewestKey() PublicKey {
	newest, _ := p.PublicKey(1)
	for _, k := range p.PublicKeys {
		if k.Version > newest.Version {
			newest = k
		}
	}
	return newest
}
