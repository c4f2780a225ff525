package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// tour is what dev shows of a marketplace: enough to meter the first usage.
// What it shows to be typed is all of one seller, so that it goes together.
type tour struct {
	url, adminToken string
	market          *marketplace.Market
	now             time.Time

	seller metering.AccountID
	// key signs calls of the seller, apiKey stands for a signature; either is
	// empty if the seller has none.
	key    marketplace.Credential
	apiKey string
	// byCode and byLicense are buyers whose usage will be accepted, one for
	// each way that buyers are addressed; nil if there is none.
	byCode, byLicense *example
	tokens            []mintedToken
}

// mintedToken is a fresh registration token for a product.
type mintedToken struct {
	marketplace.Token
	mode    marketplace.Mode
	product metering.ProductCode
}

// planTour chooses a seller of a ledger's marketplace, one of the preferred if
// there are any, and what to show of it, and mints registration tokens: one
// for each way that buyers are addressed.
func planTour(ctx context.Context, l *ledger.Ledger, preferred []metering.AccountID, url, adminToken string) (*tour, error) {
	t := &tour{url: url, adminToken: adminToken, market: l.Market(), now: l.Clock().Now()}
	t.chooseSeller(preferred)
	for _, e := range []*example{t.byCode, t.byLicense} {
		if e == nil {
			continue
		}
		token, err := l.MintToken(ctx, e.license)
		if err != nil {
			return nil, fmt.Errorf("minting a registration token: %w", err)
		}
		t.tokens = append(t.tokens, mintedToken{token, e.mode, e.product})
	}
	return t, nil
}

// chooseSeller takes the first seller who has both a buyer and a credential,
// or else comes nearest to it.
func (t *tour) chooseSeller(preferred []metering.AccountID) {
	best := -1
	for _, s := range t.market.Sellers {
		if len(preferred) > 0 && !slices.Contains(preferred, s.Account) {
			continue
		}
		shown := tour{market: t.market, now: t.now, seller: s.Account}
		shown.findCredentials(s)
		shown.byCode, shown.byLicense = shown.findExample(false), shown.findExample(true)
		rank := 0
		if shown.byCode != nil || shown.byLicense != nil {
			rank += 2
		}
		if shown.key.AccessKeyID != "" || shown.apiKey != "" {
			rank++
		}
		if rank > best {
			best = rank
			shown.url, shown.adminToken = t.url, t.adminToken
			*t = shown
		}
	}
}

// findCredentials takes the first key and the first API key of the seller that
// may meter and are not a running product's.
func (t *tour) findCredentials(s marketplace.Seller) {
	for i := range s.Credentials {
		c := &s.Credentials[i]
		may := marketplace.Principal{Account: s.Account, Credential: c}.May("aws-marketplace:BatchMeterUsage") == marketplace.Allowed
		if !may || c.Platform != "" || !c.ExpiresAt.IsZero() && !t.now.Before(c.ExpiresAt) {
			continue
		}
		if t.key.AccessKeyID == "" && c.AccessKeyID != "" {
			t.key = *c
		}
		if t.apiKey == "" {
			t.apiKey = c.APIKey
		}
	}
}

// findExample returns the first buyer with an agreement in force on a SaaS
// product of the seller that is addressed by licence, or by code; else nil.
func (t *tour) findExample(byLicense bool) *example {
	for i := range t.market.Buyers {
		buyer := &t.market.Buyers[i]
		for j := range buyer.Agreements {
			agreement := &buyer.Agreements[j]
			product := t.market.Product(agreement.Product)
			// Profiles that know no licences address every product by code.
			licensed := product.Mode == marketplace.Concurrent && t.market.Profile.Licenses
			if licensed != byLicense || !licensed && buyer.CustomerIdentifier == "" || !t.shows(product) || !agreement.EntitledAt(t.now) {
				continue
			}
			e := &example{product: product.Code, mode: product.Mode, license: agreement.LicenseArn, dimensions: product.Dimensions, at: t.now}
			if byLicense {
				e.account = buyer.Account
			} else {
				e.customer = buyer.CustomerIdentifier
			}
			return e
		}
	}
	return nil
}

// shows reports whether the chosen seller can meter a product with
// BatchMeterUsage in the marketplace's Region.
func (t *tour) shows(p *marketplace.Listing) bool {
	return p.Seller == t.seller && p.Kind == marketplace.SaaS && len(p.Dimensions) > 0 &&
		(len(p.Regions) == 0 || slices.Contains(p.Regions, t.market.Settings.Region))
}

// quote writes a word for a POSIX shell.
func quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,@%+", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// self is how this program was called: go run builds a binary whose path
// nobody wants to type.
func self() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/meterd"
	}
	return filepath.Base(os.Args[0])
}
