package main

import "testing"

func TestGrowthOfTheHeap(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, heapPercentMax},
		{heapGrowth / 100, heapPercentMax},
		{heapGrowth, 100},
		{heapGrowth * 3 / 2, 66},
		{heapGrowth * 100, heapPercentMin},
	} {
		if got := growthPercent(test.live); got != test.want {
			t.Errorf("with %d bytes alive the heap may grow by %d %%, want %d", test.live, got, test.want)
		}
	}
}
