package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/marketplace"
)

const (
	algorithm   = "AWS4-HMAC-SHA256"
	terminator  = "aws4_request"
	stampLayout = "20060102T150405Z"
	dateBytes   = len("20060102")
)

// signer signs with one credential. It keeps the key that it derives for a day.
type signer struct {
	accessKeyID, secret string

	date    string
	mac     hash.Hash
	scratch []byte
}

func newSigner(c marketplace.Credential) *signer {
	return &signer{accessKeyID: c.AccessKeyID, secret: c.SecretAccessKey}
}

// sign appends the signature, in hexadecimal, of a canonical request.
func (s *signer) sign(dst []byte, stamp string, canonical []byte) []byte {
	if date := stamp[:dateBytes]; date != s.date {
		s.derive(date)
	}
	digest := sha256.Sum256(canonical)
	b := append(s.scratch[:0], algorithm+"\n"...)
	b = append(b, stamp...)
	b = append(b, '\n')
	b = s.appendScope(b)
	b = append(b, '\n')
	b = hex.AppendEncode(b, digest[:])
	s.mac.Reset()
	s.mac.Write(b)
	s.scratch = s.mac.Sum(b[:0])
	return hex.AppendEncode(dst, s.scratch)
}

// appendScope appends what the signature is good for.
func (s *signer) appendScope(b []byte) []byte {
	b = append(b, s.date...)
	return append(b, "/"+region+"/"+api.SigningName+"/"+terminator...)
}

func (s *signer) derive(date string) {
	key := []byte("AWS4" + s.secret)
	for _, part := range []string{date, region, api.SigningName, terminator} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	s.date, s.mac = date, hmac.New(sha256.New, key)
}

// stamper writes the time of signatures, which changes once a second.
type stamper struct {
	second int64
	text   string
}

func (s *stamper) at(now time.Time) string {
	if second := now.Unix(); second != s.second {
		s.second, s.text = second, now.UTC().Format(stampLayout)
	}
	return s.text
}
