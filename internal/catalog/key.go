package catalog

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/mistake"
)

var publicKeyKeys = keys{names: []string{"version", "privateKeyFile", "privateKey", "rotatedAt"}, besideSecrets: true}

const (
	versionHint = "write a whole number of 1 or more"
	keyHint     = "write an RSA key of 2048 bits or more, as openssl genrsa 2048 makes it"
)

// publicKeys reads the versions of a product's signing key, which must ascend
// so that the last is the newest.
func publicKeys(o object) []marketplace.PublicKey {
	newest := int64(0)
	return each(o, "publicKeys", func(v value) marketplace.PublicKey {
		o, ok := v.object(publicKeyKeys)
		if !ok {
			return marketplace.PublicKey{}
		}
		k := marketplace.PublicKey{PrivateKey: privateKey(o), RotatedAt: o.time("rotatedAt")}
		if !o.has("version") {
			o.missing("version", versionHint)
			return k
		}
		k.Version = o.at("version").version(versionHint)
		if k.Version != 0 && k.Version <= newest {
			o.at("version").mistake("version %d comes after version %d; list each version once, lowest first", k.Version, newest)
		}
		newest = max(newest, k.Version)
		return k
	})
}

// privateKey reads the key from a file, as people keep it, or from the catalog
// itself, as an export has it.
func privateKey(o object) string {
	switch {
	case o.has("privateKeyFile") && o.has("privateKey"):
		o.at("privateKey").mistake("the key has a privateKeyFile too; keep one of them")
	case o.has("privateKeyFile"):
		return privateKeyFile(o.at("privateKeyFile"))
	case o.has("privateKey"):
		v := o.at("privateKey")
		text, ok := v.scalar()
		if !ok {
			v.unreadable(keyHint)
			return ""
		}
		return v.privateKey([]byte(text))
	}
	return ""
}

func privateKeyFile(v value) string {
	name, ok := v.scalar()
	switch {
	case !ok:
		v.unreadable("write the name of a PEM file")
		return ""
	case strings.Contains(name, "-----") || strings.ContainsAny(name, "\r\n"):
		v.mistake("this is not the name of a file; write the name of a PEM file, or the key itself as privateKey")
		return ""
	case v.r.options.ReadFile == nil:
		v.mistake("a key file cannot be read here; write the key itself as privateKey")
		return ""
	}
	source, err := v.r.options.ReadFile(name)
	if err != nil {
		v.mistake("%s cannot be read: %v", mistake.Shown(name), err)
		return ""
	}
	return v.privateKey(source)
}

// privateKey returns the key in the form that all PEM of it shares: without
// what stands around it.
func (v value) privateKey(source []byte) string {
	text, err := canonicalKey(source)
	if err != nil {
		v.mistake("%v", err)
	}
	return text
}

// canonicalKey checks a signing key. Its errors hold nothing of the source.
func canonicalKey(source []byte) (string, error) {
	if len(source) > keyBytesMax {
		return "", fmt.Errorf("the key has more than %d bytes; %s", keyBytesMax, keyHint)
	}
	block, _ := pem.Decode(source)
	if block == nil {
		return "", errors.New("there is no PEM; " + keyHint)
	}
	key, err := parseKey(block)
	if err != nil {
		return "", err
	}
	if bits := key.N.BitLen(); bits < rsaBitsMin || bits > rsaBitsMax {
		return "", fmt.Errorf("the RSA key has %d bits; it must have %d to %d", bits, rsaBitsMin, rsaBitsMax)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})), nil
}

func parseKey(block *pem.Block) (*rsa.PrivateKey, error) {
	switch {
	case block.Headers["DEK-Info"] != "" || block.Type == "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("the key is encrypted; store it decrypted")
	case block.Type == "RSA PRIVATE KEY":
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key, nil
		}
	case block.Type == "PRIVATE KEY":
		any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if key, ok := any.(*rsa.PrivateKey); err == nil && ok {
			return key, nil
		}
		if err == nil {
			return nil, errors.New("the key is not an RSA key; " + keyHint)
		}
	case strings.HasSuffix(block.Type, "PUBLIC KEY"):
		return nil, errors.New("this is the public key; the private one is needed, meterd publishes its public half")
	default:
		return nil, errors.New("the PEM is not an RSA private key; " + keyHint)
	}
	return nil, errors.New("the PEM is damaged; " + keyHint)
}
