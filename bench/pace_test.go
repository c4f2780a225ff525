package bench

import (
	"testing"
	"time"
)

func TestTenths(t *testing.T) {
	tests := []struct {
		name        string
		pace        pace
		first, last float64
	}{
		{"nothing", nil, 0, 0},
		{"even", pace{{time.Second, 1000}, {10 * time.Second, 10_000}}, 1000, 1000},
		{"half as fast in the end", pace{{time.Second, 500}, {2 * time.Second, 750}, {3 * time.Second, 1000}}, 500, 250},
		{"a pause", pace{{time.Second, 900}, {2 * time.Second, 900}, {3 * time.Second, 1000}}, 900, 50},
	}
	for _, test := range tests {
		if first, last := test.pace.tenths(); !near(first, test.first) || !near(last, test.last) {
			t.Errorf("%s: %v and %v, want %v and %v", test.name, first, last, test.first, test.last)
		}
	}
}

func near(a, b float64) bool { return a > b*0.999-1e-9 && a < b*1.001+1e-9 }
