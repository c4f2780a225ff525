package main

import "testing"

func TestGrowthOfTheHeap(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, heapPercentMax},
		{heapGoal / 100, heapPercentMax},
		{heapGoal / 2, 100},
		{heapGoal * 5 / 8, 60},
		{heapGoal, heapPercentMin},
		{heapGoal * 100, heapPercentMin},
	} {
		if got := growthPercent(test.live); got != test.want {
			t.Errorf("with %d bytes alive the heap may grow by %d %%, want %d", test.live, got, test.want)
		}
	}
}
