package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// tour is what dev shows of a marketplace: enough to meter the first usage.
type tour struct {
	url, adminToken string
	market          *marketplace.Market
	now             time.Time

	// key signs calls of the seller, apiKey stands for a signature; either is
	// empty if the seller has none.
	key    marketplace.Credential
	apiKey string
	// example is a record that will be accepted; nil if there is none.
	example *example
	tokens  []mintedToken
}

// example is a record of a legacy product's usage.
type example struct {
	product    metering.ProductCode
	customer   metering.CustomerID
	dimensions []marketplace.Dimension
}

// mintedToken is a fresh registration token for a product.
type mintedToken struct {
	mode    marketplace.Mode
	product metering.ProductCode
	value   string
}

// planTour looks for something to show in a ledger's marketplace and mints
// registration tokens: one for each way that buyers are addressed.
func planTour(ctx context.Context, l *ledger.Ledger, url, adminToken string) (*tour, error) {
	t := &tour{url: url, adminToken: adminToken, market: l.Market(), now: l.Clock().Now()}
	for _, mode := range []marketplace.Mode{marketplace.Legacy, marketplace.Concurrent} {
		license := t.licenseOf(mode)
		if license == nil {
			continue
		}
		token, err := l.MintToken(ctx, license.LicenseArn)
		if err != nil {
			return nil, fmt.Errorf("minting a registration token: %w", err)
		}
		t.tokens = append(t.tokens, mintedToken{mode, license.Product, token.Value})
	}
	if license := t.licenseOf(marketplace.Legacy); license != nil {
		product := t.market.Product(license.Product)
		t.example = &example{product.Code, license.Buyer.CustomerIdentifier, product.Dimensions}
		t.findCredentials(product.Seller)
	} else if license := t.licenseOf(marketplace.Concurrent); license != nil {
		t.findCredentials(t.market.Product(license.Product).Seller)
	}
	return t, nil
}

// licenseOf returns the first licence in force for a SaaS product of a mode,
// or nil. In legacy mode its buyer has a CustomerIdentifier.
func (t *tour) licenseOf(mode marketplace.Mode) *marketplace.License {
	for i := range t.market.Buyers {
		buyer := &t.market.Buyers[i]
		if mode == marketplace.Legacy && buyer.CustomerIdentifier == "" {
			continue
		}
		for j := range buyer.Agreements {
			agreement := &buyer.Agreements[j]
			product := t.market.Product(agreement.Product)
			if product.Kind == marketplace.SaaS && product.Mode == mode && len(product.Dimensions) > 0 && agreement.EntitledAt(t.now) {
				return &marketplace.License{Agreement: agreement, Buyer: buyer}
			}
		}
	}
	return nil
}

// findCredentials takes the first key and the first API key of a seller that
// are not a running product's.
func (t *tour) findCredentials(seller metering.AccountID) {
	for _, s := range t.market.Sellers {
		if s.Account != seller {
			continue
		}
		for _, c := range s.Credentials {
			if t.key.AccessKeyID == "" && c.AccessKeyID != "" && c.Platform == "" {
				t.key = c
			}
			if t.apiKey == "" {
				t.apiKey = c.APIKey
			}
		}
	}
}

// awsCLI is a command for aws-cli that meters the example.
func (t *tour) awsCLI() string {
	return fmt.Sprintf("aws --endpoint-url %s meteringmarketplace batch-meter-usage --product-code %s --usage-records %s",
		t.url, quote(string(t.example.product)), quote(fmt.Sprintf("Timestamp=%s,CustomerIdentifier=%s,Dimension=%s,Quantity=3",
			t.timestamp(), t.example.customer, t.example.dimensions[0].Key)))
}

// curl is a command for curl that meters the example's last dimension, so
// that it does not meet what awsCLI told.
func (t *tour) curl() string {
	last := len(t.example.dimensions) - 1
	body, err := json.Marshal(map[string]any{
		"ProductCode": t.example.product,
		"UsageRecords": []any{map[string]any{
			"Timestamp": t.timestamp(), "CustomerIdentifier": t.example.customer,
			"Dimension": t.example.dimensions[last].Key, "Quantity": 5,
		}},
	})
	if err != nil {
		// unreachable unless a name cannot be written as JSON.
		return err.Error()
	}
	return fmt.Sprintf("curl %s -H %s -H 'Content-Type: application/json' -H 'X-Amz-Target: AWSMPMeteringService.BatchMeterUsage' -d %s",
		t.url, quote("Authorization: "+t.apiKey), quote(string(body)))
}

func (t *tour) timestamp() string { return t.now.UTC().Format("2006-01-02T15:04:05Z") }

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
