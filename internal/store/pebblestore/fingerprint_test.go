package pebblestore

import (
	"math/rand/v2"
	"testing"
)

func TestFingerprintsAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var set fingerprints
	in := map[uint32]bool{}
	check := func(f uint32) {
		t.Helper()
		if set.has(f) != in[f] {
			t.Fatalf("%#x is in the set: %t, want %t", f, set.has(f), in[f])
		}
		if set.add(f) == in[f] {
			t.Fatalf("%#x was added anew: %t, want %t", f, in[f], !in[f])
		}
		in[f] = true
		if !set.has(f) {
			t.Fatalf("%#x is not there after it was added", f)
		}
	}
	// The ends of a part, where tables wrap around.
	for part := range uint32(fingerprintParts) {
		for i := range uint32(30) {
			check(max(1, part<<(32-fingerprintPartBits)) + i)
			check(part<<(32-fingerprintPartBits) | 1<<(32-fingerprintPartBits) - 1 - i)
		}
	}
	for range 50_000 {
		check(max(1, rng.Uint32()))
	}
	for f := range in {
		if !set.has(f) {
			t.Fatalf("%#x was lost", f)
		}
	}
}

func TestNoFingerprintIsTheFreeSlot(t *testing.T) {
	for _, hash := range []uint64{0, 1, 1<<32 - 1, 1 << 32, 1<<64 - 1} {
		if fingerprintOf(hash) == 0 {
			t.Errorf("the fingerprint of %#x is 0", hash)
		}
	}
}

// TestFingerprintsAreSmall holds the set to eight bytes for each.
func TestFingerprintsAreSmall(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var set fingerprints
	worst := 0.0
	for n := 1; n <= 1_000_000; n++ {
		set.add(max(1, rng.Uint32()))
		if n > 10_000 {
			worst = max(worst, float64(set.bytes())/float64(n))
		}
	}
	t.Logf("at most %.1f bytes per fingerprint", worst)
	if worst > 8 {
		t.Errorf("%.1f bytes per fingerprint, want 8 or less", worst)
	}
}

func BenchmarkFingerprints(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 5))
	set := new(fingerprints)
	n := 0
	for b.Loop() {
		if n++; n == 1_000_000 {
			set, n = new(fingerprints), 0
		}
		set.add(max(1, rng.Uint32()))
	}
}
