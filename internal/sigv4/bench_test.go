package sigv4

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
)

// benchRequest is a request as the SDK for Go v2 signs it, with a body of 3 kB.
func benchRequest(tb testing.TB) (*http.Request, []byte) {
	tb.Helper()
	body := strings.Repeat("0123456789abcdef", 3072/16)
	return draft{target: "/", body: body}.sign(tb), []byte(body)
}

// BenchmarkJudge is all that a server does for one request.
func BenchmarkJudge(b *testing.B) {
	r, body := benchRequest(b)
	keys := new(KeyCache)
	b.ReportAllocs()
	for b.Loop() {
		if err := judge(keys, r, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	r, _ := benchRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	r, body := benchRequest(b)
	s, err := Parse(r)
	if err != nil {
		b.Fatal(err)
	}
	keys := new(KeyCache)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Verify(keys, testSecret, r, body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyFirst is a request whose key is not in the cache.
func BenchmarkVerifyFirst(b *testing.B) {
	r, body := benchRequest(b)
	s, err := Parse(r)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Verify(new(KeyCache), testSecret, r, body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBodyHash is the floor under BenchmarkVerify: no verification of this
// body can do less.
func BenchmarkBodyHash(b *testing.B) {
	_, body := benchRequest(b)
	for b.Loop() {
		sha256.Sum256(body)
	}
}
