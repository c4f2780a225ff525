package client

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/golang-jwt/jwt/v5"

	"github.com/meterd/meterd/api"
)

// The signature of the real service, with the key that the operator exports.
func TestVerifyRegistrationOfTheService(t *testing.T) {
	service := newService(t)
	cfg := configOf(service)
	cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIDTASK", secretKey, "")
	nonce := rand.Text()
	result, err := newClient(t, cfg).RegisterUsage(t.Context(), &api.RegisterUsageRequest{ProductCode: new("box"), PublicKeyVersion: new(int64(1)), Nonce: &nonce})
	if err != nil {
		t.Fatal(err)
	}
	key, err := service.ledger.PublicKey(t.Context(), "box", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyRegistration(result.Signature, key, Registration{ProductCode: "box", PublicKeyVersion: 1, Nonce: nonce}); err != nil {
		t.Error(err)
	}
	if err := VerifyRegistration(result.Signature, key, Registration{ProductCode: "box", PublicKeyVersion: 1, Nonce: "another"}); err == nil {
		t.Error("another nonce is verified")
	}
}

func TestVerifyRegistration(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := pemOf(t, &private.PublicKey)
	now := time.Unix(1795307445, 0)
	want := Registration{ProductCode: "box", PublicKeyVersion: 1, Nonce: "nonce-1", Now: now}
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"productCode": "box", "publicKeyVersion": 1, "nonce": "nonce-1", "iat": now.Unix()}
	}
	with := func(name string, value any) jwt.MapClaims {
		c := good()
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return c
	}
	for name, test := range map[string]struct {
		method jwt.SigningMethod
		key    any
		claims jwt.MapClaims
		want   string
	}{
		"good":                       {jwt.SigningMethodPS256, private, good(), ""},
		"without iat":                {jwt.SigningMethodPS256, private, with("iat", nil), ""},
		"signed within the leeway":   {jwt.SigningMethodPS256, private, with("iat", now.Add(issuedAtLeeway).Unix()), ""},
		"signed in the future":       {jwt.SigningMethodPS256, private, with("iat", now.Add(issuedAtLeeway+2*time.Second).Unix()), "before issued"},
		"another key":                {jwt.SigningMethodPS256, other, good(), "verification error"},
		"PS384":                      {jwt.SigningMethodPS384, private, good(), "signing method"},
		"RS256":                      {jwt.SigningMethodRS256, private, good(), "signing method"},
		"the public key as a secret": {jwt.SigningMethodHS256, key, good(), "signing method"},
		"no signature":               {jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good(), "signing method"},
		"another product":            {jwt.SigningMethodPS256, private, with("productCode", "other"), "productCode"},
		"no product":                 {jwt.SigningMethodPS256, private, with("productCode", nil), "productCode"},
		"another version":            {jwt.SigningMethodPS256, private, with("publicKeyVersion", 2), "publicKeyVersion"},
		"a version that is a text":   {jwt.SigningMethodPS256, private, with("publicKeyVersion", "1"), "publicKeyVersion"},
		"no version":                 {jwt.SigningMethodPS256, private, with("publicKeyVersion", nil), "publicKeyVersion"},
		"another nonce":              {jwt.SigningMethodPS256, private, with("nonce", "nonce-2"), "nonce"},
		"the nonce's beginning":      {jwt.SigningMethodPS256, private, with("nonce", "nonce-"), "nonce"},
		"no nonce":                   {jwt.SigningMethodPS256, private, with("nonce", nil), "nonce"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := jwt.NewWithClaims(test.method, test.claims).SignedString(test.key)
			if err != nil {
				t.Fatal(err)
			}
			err = VerifyRegistration(token, key, want)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), want.Nonce) {
				t.Errorf("the error shows the nonce: %v", err)
			}
		})
	}
	for _, token := range []string{"", "x", "a.b.c"} {
		if VerifyRegistration(token, key, want) == nil {
			t.Errorf("%q is verified", token)
		}
	}
	if err := VerifyRegistration("a.b.c", []byte("no PEM"), want); err == nil || !strings.Contains(err.Error(), "public key") {
		t.Errorf("a bad key: %v", err)
	}
}

func pemOf(t *testing.T, key *rsa.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
