package server

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// registered is the answer to a RegisterUsage.
type registered struct {
	PublicKeyRotationTimestamp any
	Signature                  string
}

// register registers prod-box and checks the answer's form.
func (s *subject) register(t *testing.T, raw string) registered {
	t.Helper()
	a := s.do(t, raw)
	var r registered
	if err := json.Unmarshal([]byte(a.body), &r); err != nil || a.status != 200 {
		t.Fatalf("answer is %d %s (%v)", a.status, a.body, err)
	}
	return r
}

func registration(t *testing.T, version int, nonce string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"ProductCode": "prod-box", "PublicKeyVersion": version, "Nonce": nonce})
	if err != nil {
		t.Fatal(err)
	}
	return call{op: "RegisterUsage", body: string(body), key: "AKIDTASK"}.raw(t)
}

func (s *subject) publicKey(t *testing.T, product metering.ProductCode, version int64) string {
	t.Helper()
	key, err := s.ledger.PublicKey(t.Context(), product, version)
	if err != nil {
		t.Fatal(err)
	}
	return string(key)
}

// TestTheSignatureIsWhatVerifiersRead spells the token out: claims in lower
// camel case, the version a number, and a time that no clock is behind of.
func TestTheSignatureIsWhatVerifiersRead(t *testing.T) {
	s := open(t, wideMarket())
	for name, test := range map[string]struct{ body, claims string }{
		"nonce":       {`{"ProductCode":"prod-box","PublicKeyVersion":1,"Nonce":"n-1"}`, `{"productCode":"prod-box","publicKeyVersion":1,"nonce":"n-1","iat":1795308899}`},
		"no nonce":    {`{"ProductCode":"prod-box","PublicKeyVersion":1}`, `{"productCode":"prod-box","publicKeyVersion":1,"iat":1795308899}`},
		"null nonce":  {`{"ProductCode":"prod-box","PublicKeyVersion":1,"Nonce":null}`, `{"productCode":"prod-box","publicKeyVersion":1,"iat":1795308899}`},
		"empty nonce": {`{"ProductCode":"prod-box","PublicKeyVersion":1,"Nonce":""}`, `{"productCode":"prod-box","publicKeyVersion":1,"nonce":"","iat":1795308899}`},
	} {
		token := s.register(t, call{op: "RegisterUsage", body: test.body, key: "AKIDTASK"}.raw(t)).Signature
		parts := strings.Split(token, ".")
		if len(parts) != 3 || !strings.HasPrefix(token, "eyJhbGciOiJQUzI1Ni") {
			t.Fatalf("%s: the token is %s", name, token)
		}
		header, err := base64.RawURLEncoding.DecodeString(parts[0])
		if err != nil || string(header) != `{"alg":"PS256","typ":"JWT"}` {
			t.Errorf("%s: the header is %s (%v)", name, header, err)
		}
		claims, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || string(claims) != test.claims {
			t.Errorf("%s: the claims are %s (%v)\nwant           %s", name, claims, err, test.claims)
		}
	}
}

// TestVerifiersTakeTheSignature asks those who must believe it.
func TestVerifiersTakeTheSignature(t *testing.T) {
	s := open(t, wideMarket())
	key := s.publicKey(t, "prod-box", 1)
	another := string(marshalPublicKey(t, makeSigningKey()))
	for name, verify := range verifiers {
		t.Run(name, func(t *testing.T) {
			for _, nonce := range []string{"n-1", strings.Repeat("x", 255), strings.Repeat("ü", 255), `"\<é>&` + "\u2028"} {
				token := s.register(t, registration(t, 1, nonce)).Signature
				want := claims{"prod-box", 1, nonce}
				if err := verify(t, token, key, want); err != nil {
					t.Errorf("nonce %q: %v", nonce, err)
				}
				if verify(t, token, another, want) == nil {
					t.Errorf("nonce %q: verifies with another key", nonce)
				}
				if verify(t, forged(t, token), key, want) == nil {
					t.Errorf("nonce %q: verifies with other claims", nonce)
				}
			}
		})
	}
}

// forged changes the time in a token.
func forged(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "1795308899", "1795308898", 1)))
	return strings.Join(parts, ".")
}

// TestCapturedRegistrationsVerify: each client that can register is admitted.
func TestCapturedRegistrationsVerify(t *testing.T) {
	s := open(t, taskMarket())
	key := s.publicKey(t, "prod-abc123", 1)
	for client, ops := range captures {
		if len(ops) < len(api.Operations) {
			continue // DataFire's model has no RegisterUsage
		}
		token := s.register(t, capture(t, client, api.RegisterUsage)).Signature
		if err := verifiers["golang-jwt"](t, token, key, claims{"prod-abc123", 1, "n-1"}); err != nil {
			t.Errorf("%s: %v", client, err)
		}
	}
}

// TestARotatedKeyStillSigns is M0175: whoever asks for the old version gets it,
// and is told that there is a new one.
func TestARotatedKeyStillSigns(t *testing.T) {
	market := wideMarket()
	for i, product := range market.Sellers[0].Products {
		if product.Code == "prod-box" {
			market.Sellers[0].Products[i].PublicKeys = []marketplace.PublicKey{
				{Version: 1, PrivateKey: signingKey(), RotatedAt: now.Add(-1500 * time.Millisecond)},
				{Version: 2, PrivateKey: makeSigningKey(), RotatedAt: now.Add(time.Second)},
				{Version: 3},
			}
		}
	}
	s := open(t, market)
	for _, test := range []struct {
		version int
		rotated any
	}{
		{1, 1795308898.5},
		{2, nil}, // not yet
		{3, nil},
	} {
		r := s.register(t, registration(t, test.version, "n"))
		if r.PublicKeyRotationTimestamp != test.rotated {
			t.Errorf("version %d: PublicKeyRotationTimestamp is %v, want %v", test.version, r.PublicKeyRotationTimestamp, test.rotated)
		}
		for version := 1; version <= 3; version++ {
			err := verifiers["golang-jwt"](t, r.Signature, s.publicKey(t, "prod-box", int64(version)), claims{"prod-box", test.version, "n"})
			if (err == nil) != (version == test.version) {
				t.Errorf("version %d verifies with key %d: %v", test.version, version, err)
			}
		}
	}
	market.Buyers[0].Credentials = append(market.Buyers[0].Credentials, marketplace.Credential{APIKey: "TASK KEY", Platform: marketplace.ECS, Resource: task + "9"})
	raw := strings.Replace(plainCall("RegisterUsage", `{"ProductCode":"prod-box","PublicKeyVersion":1}`), "YOUR API KEY", "TASK KEY", 1)
	if r := open(t, market).register(t, raw); r.PublicKeyRotationTimestamp != "2026-11-22T00:54:58.500Z" {
		t.Errorf("in plain JSON PublicKeyRotationTimestamp is %v", r.PublicKeyRotationTimestamp)
	}
}

// TestAMadeKeyIsKept: containers have the public key built in.
func TestAMadeKeyIsKept(t *testing.T) {
	market := wideMarket()
	for i := range market.Sellers[0].Products {
		market.Sellers[0].Products[i].PublicKeys = nil
	}
	first := open(t, market)
	key := first.publicKey(t, "prod-box", 0)
	again, err := ledger.Open(t.Context(), ledger.Config{Store: first.store, Clock: first.clock})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*subject{"before": first, "after": {Server: New(Config{Ledger: again})}} {
		token := s.register(t, registration(t, 1, "n")).Signature
		if err := verifiers["golang-jwt"](t, token, key, claims{"prod-box", 1, "n"}); err != nil {
			t.Errorf("%s reopening: %v", name, err)
		}
	}
}
