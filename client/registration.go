package client

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Registration is what a RegisterUsage was called with, and so what its
// Signature must attest.
type Registration struct {
	ProductCode      string
	PublicKeyVersion int64
	// Nonce must be as random as a key and new for each call: it is what keeps
	// an old Signature from being shown again.
	Nonce string
	// Now is the time to judge by; zero: time.Now().
	Now time.Time
}

// registrationClaims are spelled as AWS's own verifier reads them (M0174).
// Pointers tell an absent claim from an empty one.
type registrationClaims struct {
	jwt.RegisteredClaims
	ProductCode      *string `json:"productCode"`
	PublicKeyVersion *int64  `json:"publicKeyVersion"`
	Nonce            *string `json:"nonce"`
}

// VerifyRegistration returns nil if signatureJWT, the Signature of a
// RegisterUsage answer, is AWS's word that the call was made as want says.
// publicKeyPEM is the key that the product's page shows for that version. Any
// error means that the container must not run.
func VerifyRegistration(signatureJWT string, publicKeyPEM []byte, want Registration) error {
	key, err := jwt.ParseRSAPublicKeyFromPEM(publicKeyPEM)
	if err != nil {
		return fmt.Errorf("reading public key: %w; it is the PEM that the product's page shows for the version", err)
	}
	now := time.Now
	if !want.Now.IsZero() {
		now = func() time.Time { return want.Now }
	}
	// Only this algorithm: a token that names another one could be checked
	// with the public key as if it were a secret.
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodPS256.Alg()}),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(issuedAtLeeway),
		jwt.WithTimeFunc(now),
	)
	var claims registrationClaims
	if _, err := parser.ParseWithClaims(signatureJWT, &claims, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
		return fmt.Errorf("verifying registration: %w; do not start: compare public key and version with the product's page, and the clock with the time", err)
	}
	if err := claims.match(want); err != nil {
		return fmt.Errorf("verifying registration: %w; do not start: this is not an answer to this call", err)
	}
	return nil
}

func (c *registrationClaims) match(want Registration) error {
	switch {
	case c.ProductCode == nil || *c.ProductCode != want.ProductCode:
		return fmt.Errorf("productCode is %q, not %q", text(c.ProductCode), want.ProductCode)
	case c.PublicKeyVersion == nil || *c.PublicKeyVersion != want.PublicKeyVersion:
		return fmt.Errorf("publicKeyVersion is not %d", want.PublicKeyVersion)
	case subtle.ConstantTimeCompare([]byte(text(c.Nonce)), []byte(want.Nonce)) == 0:
		return errors.New("nonce is not the one that was sent: the signature was made for another call")
	}
	return nil
}
