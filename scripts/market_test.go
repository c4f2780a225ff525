package scripts

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

const marketplaceFile = "testdata/marketplace.yaml"

// wholeMarketplace is where every story begins. It is shared: clone it before
// a change.
var wholeMarketplace = sync.OnceValues(func() (marketplace.State, error) {
	source, err := os.ReadFile(marketplaceFile)
	if err != nil {
		return marketplace.State{}, err
	}
	return catalog.Parse(source, catalog.Options{File: marketplaceFile, ReadFile: func(string) ([]byte, error) { return signingKey() }})
})

// signingKey is made anew for each run, so that no private key lies in the
// repository, and once, because that takes its time.
func signingKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), nil
}

// clone copies what lines of a script can change.
func clone(s marketplace.State) marketplace.State {
	s.Settings.Switches = maps.Clone(s.Settings.Switches)
	s.Buyers = slices.Clone(s.Buyers)
	for i := range s.Buyers {
		s.Buyers[i].Agreements = slices.Clone(s.Buyers[i].Agreements)
	}
	return s
}

// licensePrefix is what all licences of the marketplace begin with.
const licensePrefix = "arn:aws:license-manager::294406891311:license:"

func licenseOf(short string) metering.LicenseARN { return licensePrefix + metering.LicenseARN(short) }

func shortLicense(arn string) string { return strings.TrimPrefix(arn, licensePrefix) }

func agreementOf(s marketplace.State, license metering.LicenseARN) *marketplace.Agreement {
	for _, b := range s.Buyers {
		for i := range b.Agreements {
			if b.Agreements[i].LicenseArn == license {
				return &b.Agreements[i]
			}
		}
	}
	return nil
}

// principalOf finds who calls by the name of a user or a session.
func principalOf(s marketplace.State, name string) (marketplace.Principal, error) {
	find := func(account metering.AccountID, list []marketplace.Credential) (marketplace.Principal, bool) {
		for i := range list {
			p := marketplace.Principal{Account: account, Credential: &list[i]}
			if p.AssumedRole() && p.SessionName() == name || !p.AssumedRole() && p.UserName() == name {
				return p, true
			}
		}
		return marketplace.Principal{}, false
	}
	for _, x := range s.Sellers {
		if p, ok := find(x.Account, x.Credentials); ok {
			return p, nil
		}
	}
	for _, x := range s.Buyers {
		if p, ok := find(x.Account, x.Credentials); ok {
			return p, nil
		}
	}
	return marketplace.Principal{}, fmt.Errorf("nobody in %s is called %q", marketplaceFile, name)
}

// partyOf is what the books know a customer or a session's resource by.
func partyOf(s marketplace.State, name string) (string, error) {
	for _, b := range s.Buyers {
		if string(b.CustomerIdentifier) == name {
			return string(b.Account), nil
		}
	}
	p, err := principalOf(s, name)
	if err != nil {
		return "", err
	}
	return string(p.Resource), nil
}

func showTime(t time.Time) string { return metering.ShowTime(t) }
