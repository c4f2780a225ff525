package ledger

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// signingKeyBits is the size of a key that meterd makes: M0179, every verifier
// in use takes it, while the 1024 bits of AWS's sample are refused by some.
const signingKeyBits = 2048

// signer signs RegisterUsage answers with one version of a product's key.
type signer struct{ key *rsa.PrivateKey }

type keyName struct {
	product metering.ProductCode
	version int64
}

// signers caches parsed keys. A catalog that brings another key for the same
// version is noticed by its text.
type signers struct {
	mu    sync.Mutex
	byKey map[keyName]*signer
	texts map[keyName]string
}

// forget has keys that the ledger made read from the store again.
func (s *signers) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byKey)
}

// claims are what shipping verifiers read: M0174, lower camel case names and
// the version as a number. M0176: nonce is left out if none was sent.
type claims struct {
	jwt.RegisteredClaims `json:"-"`

	ProductCode      string  `json:"productCode"`
	PublicKeyVersion int64   `json:"publicKeyVersion"`
	Nonce            *string `json:"nonce,omitempty"`
	IssuedAt         int64   `json:"iat"`
}

func (s *signer) sign(r RegisterUsage, now time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodPS256, claims{
		ProductCode:      string(r.Product),
		PublicKeyVersion: r.PublicKeyVersion,
		Nonce:            r.Nonce,
		IssuedAt:         now.Add(-time.Second).Unix(), // M0177: never in the future
	})
	signature, err := token.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("signing registration: %w", err)
	}
	return signature, nil
}

// signer returns the signer of a key version. A key that the catalog does not
// bring is made when it is first needed, and kept.
func (l *Ledger) signer(ctx context.Context, product metering.ProductCode, key marketplace.PublicKey) (*signer, error) {
	l.signers.mu.Lock()
	defer l.signers.mu.Unlock()
	name := keyName{product, key.Version}
	if s := l.signers.byKey[name]; s != nil && l.signers.texts[name] == key.PrivateKey {
		return s, nil
	}
	text := key.PrivateKey
	if text == "" {
		made, err := l.makeKey(ctx, name)
		if err != nil {
			return nil, err
		}
		text = string(made)
	}
	private, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("reading key %d of product %s: %w", key.Version, product, err)
	}
	s := &signer{private}
	l.signers.byKey[name], l.signers.texts[name] = s, key.PrivateKey
	return s, nil
}

// makeKey makes a key, unless one was made before.
func (l *Ledger) makeKey(ctx context.Context, name keyName) ([]byte, error) {
	row := store.Row{Table: tableSigningKeys, Key: string(name.product) + "/" + strconv.FormatInt(name.version, 10)}
	if standing, ok, err := l.readRow(ctx, row.Table, row.Key); ok || err != nil {
		return standing, err
	}
	private, err := rsa.GenerateKey(rand.Reader, signingKeyBits)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	row.Value = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return l.createRow(ctx, row)
}

// PublicKey returns the PEM that verifies a product's registrations. Version 0
// asks for the newest.
func (l *Ledger) PublicKey(ctx context.Context, product metering.ProductCode, version int64) ([]byte, error) {
	listing := l.Market().Product(product)
	if listing == nil {
		return nil, fmt.Errorf("product %q is unknown", product)
	}
	if listing.Kind != marketplace.Container {
		return nil, fmt.Errorf("product %s is of kind %s; only containers call RegisterUsage, whose answers are signed", product, listing.Kind)
	}
	key := listing.NewestKey()
	if version != 0 {
		var ok bool
		if key, ok = listing.PublicKey(version); !ok {
			return nil, fmt.Errorf("product %s has no key of version %d; its newest is %d", product, version, listing.NewestKey().Version)
		}
	}
	s, err := l.signer(ctx, product, key)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encoding public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
