package server

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/meterd/meterd/internal/notrun"
)

// claims are what a container compares: what it asked with.
type claims struct {
	product string
	version int
	nonce   string
}

// verifier says whether a token stands for the claims, by a public key in PEM.
type verifier func(t *testing.T, token, key string, want claims) error

// verifiers are independent of the code that signs: a library, the standard
// library by hand, and programs.
var verifiers = map[string]verifier{
	"golang-jwt": verifyWithLibrary,
	"by hand":    verifyByHand,
	"openssl":    verifyWithOpenSSL,
	"node":       verifyWithNode,
}

// shippedClaims is how a container product in the wild reads the token: typed,
// so that a version that were a text would not parse.
type shippedClaims struct {
	ProductCode string `json:"productCode,omitempty"`
	KeyVersion  int32  `json:"publicKeyVersion,omitempty"`
	Nonce       string `json:"nonce,omitempty"`
	jwt.RegisteredClaims
}

func verifyWithLibrary(_ *testing.T, token, key string, want claims) error {
	var got shippedClaims
	_, err := jwt.ParseWithClaims(token, &got, func(token *jwt.Token) (any, error) {
		if _, ok := token.Method.(*jwt.SigningMethodRSAPSS); !ok {
			return nil, fmt.Errorf("algorithm %v", token.Header["alg"])
		}
		return jwt.ParseRSAPublicKeyFromPEM([]byte(key))
	},
		jwt.WithValidMethods([]string{"PS256"}),
		jwt.WithIssuedAt(), // refuses one from the future
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	if err != nil {
		return err
	}
	if got.ProductCode != want.product || int(got.KeyVersion) != want.version || got.Nonce != want.nonce || got.IssuedAt == nil {
		return fmt.Errorf("claims are %+v", got)
	}
	return nil
}

// verifyByHand does what AWS's example in Java does: the signature over the
// two first parts, then the claims compared as texts.
func verifyByHand(_ *testing.T, token, key string, want claims) error {
	signed, signature, err := splitToken(token)
	if err != nil {
		return err
	}
	block, _ := pem.Decode([]byte(key))
	if block == nil || block.Type != "PUBLIC KEY" {
		return errors.New("the key is no PEM of a public key")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(signed))
	options := &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	if err := rsa.VerifyPSS(public.(*rsa.PublicKey), crypto.SHA256, digest[:], signature, options); err != nil {
		return err
	}
	return compareClaims(signed, want)
}

func splitToken(token string) (signed string, signature []byte, err error) {
	end := strings.LastIndex(token, ".")
	signature, err = base64.RawURLEncoding.DecodeString(token[end+1:])
	return token[:end], signature, err
}

func compareClaims(signed string, want claims) error {
	_, payload, _ := strings.Cut(signed, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return err
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		return err
	}
	for name, value := range map[string]any{"productCode": want.product, "publicKeyVersion": float64(want.version), "nonce": want.nonce} {
		if got[name] != value {
			return fmt.Errorf("%s is %v, not %v", name, got[name], value)
		}
	}
	if issued, ok := got["iat"].(float64); !ok || issued > float64(now.Unix()) {
		return fmt.Errorf("iat is %v", got["iat"])
	}
	return nil
}

func verifyWithOpenSSL(t *testing.T, token, key string, want claims) error {
	t.Helper()
	openssl := program(t, "openssl")
	signed, signature, err := splitToken(token)
	if err != nil {
		return err
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"key.pem": []byte(key), "signature": signature, "signed": []byte(signed)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), openssl, "dgst", "-sha256",
		"-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32",
		"-verify", "key.pem", "-signature", "signature", "signed")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil || string(out) != "Verified OK\n" {
		return fmt.Errorf("openssl: %w: %s", err, out)
	}
	return compareClaims(signed, want)
}

// nodeVerifier prints the claims of a token that verifies.
const nodeVerifier = `
const crypto = require("crypto");
const {token, key} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const [header, payload, signature] = token.split(".");
const options = {key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32};
if (!crypto.verify("sha256", Buffer.from(header + "." + payload), options, Buffer.from(signature, "base64url"))) {
  console.error("signature is wrong");
  process.exit(1);
}
const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
process.stdout.write(JSON.stringify([claims.productCode, claims.publicKeyVersion, claims.nonce]));
`

func verifyWithNode(t *testing.T, token, key string, want claims) error {
	t.Helper()
	input, err := json.Marshal(map[string]string{"token": token, "key": key})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program(t, "node"), "-e", nodeVerifier)
	command.Stdin = bytes.NewReader(input)
	var errors bytes.Buffer
	command.Stderr = &errors
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("node: %w: %s", err, &errors)
	}
	var got []any
	if err := json.Unmarshal(out, &got); err != nil {
		return err
	}
	if len(got) != 3 || got[0] != want.product || got[1] != float64(want.version) || got[2] != want.nonce {
		return fmt.Errorf("node: claims are %v", got)
	}
	return nil
}

// program finds a program. CI has them all; elsewhere a test that needs one
// says that it did not run.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not installed, and CI must verify with it", name)
	default:
		notrun.Skip(t, "nothing was verified with %s, which is not installed here; CI does it", name)
	}
	return path
}

// marshalPublicKey is the public half of a private key in PEM.
func marshalPublicKey(t *testing.T, private string) []byte {
	t.Helper()
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(private))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
