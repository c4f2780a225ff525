package bench

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts durations in buckets that grow with what they hold: each
// power of two has 64, so that a quantile is at most 1/64 too high.
type histogram struct {
	counts [bucketsMax]uint64
	total  uint64
	max    time.Duration
}

const (
	subBits = 6
	// bucketsMax leaves room for durations up to half an hour; longer ones
	// count as that.
	bucketsMax = 36 << subBits
)

func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - 1 - subBits
	return min(shift<<subBits+int(v>>shift), bucketsMax-1)
}

// bucketTop is the longest duration that counts in a bucket.
func bucketTop(bucket int) time.Duration {
	if bucket < 1<<subBits {
		return time.Duration(bucket)
	}
	shift := bucket>>subBits - 1
	within := uint64(bucket - shift<<subBits)
	return time.Duration((within+1)<<shift - 1)
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(d)]++
	h.total++
	h.max = max(h.max, d)
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// quantile returns the duration that a part q of all stay within.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(h.total)))
	seen := uint64(0)
	for bucket, n := range h.counts {
		if seen += n; seen >= rank && n > 0 {
			return min(bucketTop(bucket), h.max)
		}
	}
	return h.max
}
