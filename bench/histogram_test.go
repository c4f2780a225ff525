package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBucketsHoldWhatFallsIntoThem(t *testing.T) {
	last := -1
	for d := time.Duration(1); d < 20*time.Minute; d += 1 + d/100 {
		bucket := bucketOf(d)
		if bucket < last || bucket >= bucketsMax-1 {
			t.Fatalf("%s falls into bucket %d, what is shorter into %d", d, bucket, last)
		}
		last = bucket
		if top := bucketTop(bucket); top < d || float64(top) > float64(d)*(1+1.0/64) {
			t.Fatalf("%s falls into a bucket up to %s", d, top)
		}
		if bucketOf(bucketTop(bucket)) != bucket || bucketOf(bucketTop(bucket)+1) != bucket+1 {
			t.Fatalf("bucket %d does not end at %s", bucket, bucketTop(bucket))
		}
	}
	if bucketOf(24*time.Hour) != bucketsMax-1 || bucketOf(-1) != 0 {
		t.Error("durations beyond the ends do not count there")
	}
}

func TestQuantiles(t *testing.T) {
	var whole, half histogram
	random := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	for i := range 100_000 {
		d := time.Duration(random.ExpFloat64() * float64(5*time.Millisecond))
		all = append(all, d)
		if i%2 == 0 {
			whole.add(d)
		} else {
			half.add(d)
		}
	}
	whole.merge(&half)
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.99, 0.999, 1} {
		exact := all[max(0, int(q*float64(len(all)))-1)]
		if got := whole.quantile(q); got < exact || float64(got) > float64(exact)*(1+1.0/64)+1 {
			t.Errorf("the quantile of %v is %s, exactly %s", q, got, exact)
		}
	}
	if whole.max != all[len(all)-1] || whole.total != 100_000 {
		t.Errorf("the longest of %d is %s, want %s", whole.total, whole.max, all[len(all)-1])
	}
	var empty histogram
	if got := empty.quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %s", got)
	}
}
