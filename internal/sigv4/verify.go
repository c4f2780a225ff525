package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
)

// canonicalSize holds the canonical request of every SDK without a session
// token, so that the hot path allocates nothing; longer ones move to the heap.
const canonicalSize = 2048

// Verify recomputes the signature of r with the secret of its access key and
// compares in constant time. The hash of the body is computed from body, never
// taken from x-amz-content-sha256 (M0046).
//
// A scope of another day or terminator than the algorithm allows does not verify,
// even if CheckScope was not asked: all that a Signature says is then proven.
func (s *Signature) Verify(keys *KeyCache, secret string, r *http.Request, body []byte) error {
	if s.Date != s.stampDate() || s.terminator != terminator {
		return errMismatch()
	}
	id := keyID{s.AccessKeyID, s.Date, s.Region, s.Service}
	key, cached := keys.get(id, secret)
	if !cached {
		key = deriveKey(secret, id)
	}
	bodyHash := sha256.Sum256(body)
	path := requestPath(r)
	if !s.signs(&key, path, r, &bodyHash) {
		normal := normalPath(path)
		if normal == path || !s.signs(&key, normal, r, &bodyHash) {
			return errMismatch()
		}
	}
	// A key enters the cache only after it has proved its worth: those who
	// cannot sign cannot push out the keys of those who can.
	if !cached {
		keys.put(id, secret, key)
	}
	return nil
}

// signs reports whether the signature is right for r with the given path.
func (s *Signature) signs(key *[sha256.Size]byte, path string, r *http.Request, bodyHash *[sha256.Size]byte) bool {
	var buf [canonicalSize]byte
	request, ok := s.appendCanonical(buf[:0], path, r, bodyHash)
	if !ok {
		return false
	}
	hash := sha256.Sum256(request)
	mac := s.sign(key, &hash)
	return subtle.ConstantTimeCompare(mac[:], s.mac[:]) == 1
}

// appendCanonical appends the canonical request. It reports false when a signed
// header is missing.
func (s *Signature) appendCanonical(dst []byte, path string, r *http.Request, bodyHash *[sha256.Size]byte) ([]byte, bool) {
	dst = append(dst, r.Method...)
	dst = append(dst, '\n')
	dst = appendEscaped(dst, path, true)
	dst = append(dst, '\n')
	dst = appendQuery(dst, r.URL.RawQuery, s.Presigned)
	dst = append(dst, '\n')
	dst, ok := appendHeaders(dst, s.SignedHeaders, r)
	dst = append(dst, '\n')
	dst = append(dst, s.SignedHeaders...)
	dst = append(dst, '\n')
	return hex.AppendEncode(dst, bodyHash[:]), ok
}

// sign makes the signature of the string to sign for a canonical request's hash.
func (s *Signature) sign(key, requestHash *[sha256.Size]byte) [sha256.Size]byte {
	var buf [maxMessage]byte
	dst := append(buf[:0], algorithm+"\n"...)
	dst = append(dst, s.stamp...)
	dst = append(dst, '\n')
	dst = append(dst, s.Date...)
	dst = append(dst, '/')
	dst = append(dst, s.Region...)
	dst = append(dst, '/')
	dst = append(dst, s.Service...)
	dst = append(dst, "/"+terminator+"\n"...)
	return signHMAC(key, hex.AppendEncode(dst, requestHash[:]))
}
