package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"sync"
)

// KeyCache remembers derived signing keys, so that a request costs one HMAC and
// not five. It is bounded and safe for concurrent use; its zero value is ready.
type KeyCache struct {
	mu   sync.RWMutex
	keys map[keyID]cachedKey
}

// keyID names a signing key. A new secret for the same access key replaces the
// old key under the same name.
type keyID struct {
	accessKeyID, date, region, service string
}

type cachedKey struct {
	secret string // the key was derived from; another one makes the key stale
	key    [sha256.Size]byte
}

func (c *KeyCache) get(id keyID, secret string) (key [sha256.Size]byte, ok bool) {
	c.mu.RLock()
	cached, ok := c.keys[id]
	c.mu.RUnlock()
	return cached.key, ok && cached.secret == secret
}

func (c *KeyCache) put(id keyID, secret string, key [sha256.Size]byte) {
	// The parts of id lie within a header of some request; keep no more of it.
	id = keyID{
		strings.Clone(id.accessKeyID), strings.Clone(id.date),
		strings.Clone(id.region), strings.Clone(id.service),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = make(map[keyID]cachedKey)
	}
	if _, replaces := c.keys[id]; !replaces && len(c.keys) >= keysMax {
		c.evict()
	}
	c.keys[id] = cachedKey{secret, key}
}

// evict drops any one key. Which one hardly matters: yesterday's keys are never
// asked for again, and a key that is takes about a microsecond to derive.
func (c *KeyCache) evict() {
	for id := range c.keys {
		delete(c.keys, id)
		return
	}
}

// deriveKey narrows a secret to one day, region and service.
func deriveKey(secret string, id keyID) [sha256.Size]byte {
	step := []byte("AWS4" + secret)
	for _, part := range []string{id.date, id.region, id.service, terminator} {
		h := hmac.New(sha256.New, step)
		h.Write([]byte(part))
		step = h.Sum(nil)
	}
	return [sha256.Size]byte(step)
}

// maxMessage is the longest string to sign for which signHMAC needs no heap: it
// leaves over 300 bytes for the names of region and service.
const maxMessage = 448

// signHMAC is HMAC-SHA256 (RFC 2104) for a key of one hash's length. It stands in
// for crypto/hmac on the path of every request, which it spares eight
// allocations; a test holds the two against each other.
func signHMAC(key *[sha256.Size]byte, message []byte) [sha256.Size]byte {
	const inner, outer = 0x36, 0x5c
	var buf [sha256.BlockSize + maxMessage]byte
	pad := buf[:sha256.BlockSize]
	copy(pad, key[:])
	for i := range pad {
		pad[i] ^= inner
	}
	hash := sha256.Sum256(append(pad, message...))
	for i := range pad {
		pad[i] ^= inner ^ outer
	}
	return sha256.Sum256(append(pad, hash[:]...))
}
