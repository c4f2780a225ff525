package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"strconv"
	"sync"
	"testing"
)

func TestSignHMAC(t *testing.T) {
	key := sha256.Sum256([]byte("key"))
	for size := range maxMessage + 200 {
		text := bytes.Repeat([]byte{byte(size)}, size)
		h := hmac.New(sha256.New, key[:])
		h.Write(text)
		if got := signHMAC(&key, text); !hmac.Equal(got[:], h.Sum(nil)) {
			t.Fatalf("differs from crypto/hmac for %d bytes", size)
		}
	}
}

func TestVerifyAllocatesNothing(t *testing.T) {
	r, body := benchRequest(t)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	keys := new(KeyCache)
	if got := testing.AllocsPerRun(100, func() { err = s.Verify(keys, testSecret, r, body) }); got != 0 || err != nil {
		t.Errorf("%v allocations, %v", got, err)
	}
}

func TestKeyCacheBound(t *testing.T) {
	keys := new(KeyCache)
	for i := range keysMax + 100 {
		id := keyID{accessKeyID: strconv.Itoa(i)}
		keys.put(id, "secret", deriveKey("secret", id))
		if _, ok := keys.get(id, "secret"); !ok {
			t.Fatalf("key %d is not there after it was put", i)
		}
		if want := min(i+1, keysMax); len(keys.keys) != want {
			t.Fatalf("%d keys after %d, want %d", len(keys.keys), i+1, want)
		}
	}
	id := keyID{accessKeyID: strconv.Itoa(keysMax + 99)}
	keys.put(id, "new secret", [32]byte{})
	if _, ok := keys.get(id, "new secret"); !ok || len(keys.keys) != keysMax {
		t.Errorf("a replaced key: found %t, %d keys", ok, len(keys.keys))
	}
}

func TestKeyCacheChangedSecret(t *testing.T) {
	r := draft{target: "/", body: "{}"}.sign(t)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	keys := new(KeyCache)
	for _, step := range []struct {
		secret, want string
		cached       int
	}{
		{"changed", mismatchText, 0}, // what does not verify is not kept
		{testSecret, "ok", 1},
		{testSecret, "ok", 1},
		{"changed", mismatchText, 1},
		{testSecret, "ok", 1},
	} {
		if got := message(s.Verify(keys, step.secret, r, []byte("{}"))); got != step.want {
			t.Errorf("with secret %s: %s", step.secret, got)
		}
		if len(keys.keys) != step.cached {
			t.Errorf("with secret %s: %d keys, want %d", step.secret, len(keys.keys), step.cached)
		}
	}
	id := keyID{testKeyID, "20261122", testRegion, testService}
	keys.put(id, "changed", deriveKey("changed", id))
	if _, ok := keys.get(id, testSecret); ok {
		t.Error("the old secret's key outlives the change")
	}
}

// TestKeyCacheConcurrent is for the race detector: one access key whose secret
// changes under many requests, and more keys than the cache holds.
func TestKeyCacheConcurrent(t *testing.T) {
	r := draft{target: "/", body: "{}"}.sign(t)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	keys := new(KeyCache)
	id := keyID{testKeyID, "20261122", testRegion, testService}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 1000 {
				if err := s.Verify(keys, testSecret, r, []byte("{}")); err != nil {
					t.Errorf("right secret: %v", err)
				}
				if s.Verify(keys, "changed", r, []byte("{}")) == nil {
					t.Error("changed secret verifies")
				}
				keys.put(id, "changed", deriveKey("changed", id))
				keys.put(keyID{accessKeyID: strconv.Itoa(worker*1000 + i)}, "", [32]byte{})
			}
		})
	}
	group.Wait()
	if len(keys.keys) > keysMax {
		t.Errorf("%d keys", len(keys.keys))
	}
}
