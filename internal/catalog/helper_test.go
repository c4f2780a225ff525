package catalog

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"sync"
	"time"
)

// now is the moment of the tests.
var now = time.Date(2026, 11, 22, 0, 55, 0, 0, time.UTC)

func testOptions() Options {
	files := keyFiles()
	return Options{Now: now, ReadFile: func(name string) ([]byte, error) {
		source, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return source, nil
	}}
}

// keyFiles makes the key files that the catalogs of the tests name. They are
// made anew each time, so that no private key lies in the repository.
var keyFiles = sync.OnceValue(func() map[string][]byte {
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	short := must(rsa.GenerateKey(rand.Reader, 1024))
	curve := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	pkcs1, pkcs8 := x509.MarshalPKCS1PrivateKey(key), pkcs8Of(key)
	files := map[string][]byte{
		"key.pem":         toPEM("RSA PRIVATE KEY", pkcs1),
		"pkcs1.pem":       toPEM("RSA PRIVATE KEY", pkcs1),
		"pkcs8.pem":       toPEM("PRIVATE KEY", pkcs8),
		"rsa1024.pem":     toPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short)),
		"ec.pem":          toPEM("PRIVATE KEY", pkcs8Of(curve)),
		"sec1.pem":        toPEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(curve))),
		"public.pem":      toPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(key.Public()))),
		"certificate.pem": toPEM("CERTIFICATE", pkcs1),
		"text.pem":        []byte("TOPSECRET"),
		"damaged1.pem":    toPEM("RSA PRIVATE KEY", pkcs1[:100]),
		"damaged8.pem":    toPEM("PRIVATE KEY", pkcs8[:100]),
		"encrypted8.pem":  toPEM("ENCRYPTED PRIVATE KEY", pkcs8),
		"huge.pem":        bytes.Repeat([]byte("TOPSECRET\n"), keyBytesMax/10+1),
	}
	files["encrypted1.pem"] = pem.EncodeToMemory(&pem.Block{
		Type:    "RSA PRIVATE KEY",
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"},
		Bytes:   pkcs1,
	})
	files["surrounded.pem"] = append([]byte("Bag Attributes\n  friendlyName: key\n"), append(files["pkcs8.pem"], "trailing text\n"...)...)
	return files
})

func pkcs8Of(key crypto.PrivateKey) []byte { return must(x509.MarshalPKCS8PrivateKey(key)) }

func toPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// must is for what cannot fail in a test that runs at all.
func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
