package bench

import (
	"testing"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

func TestSpaceTellsEveryRecordOnce(t *testing.T) {
	hours := []int64{7200, 3600, 0}
	for _, size := range [][2]int{{1, 1}, {1, 5}, {7, 11}, {40, 25}} {
		s := newSpace(hours, size[0], size[1], 3)
		type key struct {
			buyer, dimension int
			hour             int64
		}
		seen := map[key]bool{}
		for n := range s.size {
			u := s.at(n)
			if u != s.at(n) {
				t.Fatalf("record %d differs from itself", n)
			}
			if u.buyer < 0 || u.buyer >= size[0] || u.dimension < 0 || u.dimension >= size[1] || u.quantity < 1 || u.quantity > quantities {
				t.Fatalf("record %d of %v is %+v", n, size, u)
			}
			seen[key{u.buyer, u.dimension, u.timestamp / 3600}] = true
		}
		if want := size[0] * size[1] * len(hours); len(seen) != want || int(s.size) != want {
			t.Errorf("%d buyers with %d dimensions have %d records of %d", size[0], size[1], len(seen), want)
		}
	}
}

func TestSeedsOrderRecords(t *testing.T) {
	hours := []int64{3600, 0}
	one, same, other := newSpace(hours, 100, 10, 1), newSpace(hours, 100, 10, 1), newSpace(hours, 100, 10, 2)
	if one.at(5) != same.at(5) {
		t.Error("the same seed gives another record")
	}
	if one.at(5) == other.at(5) {
		t.Error("another seed gives the same record")
	}
}

func TestOpenHours(t *testing.T) {
	profile, err := metering.ProfileNamed(metering.DefaultProfile)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		now   string
		hours int
	}{
		{"2026-11-22T12:00:00Z", 24},
		{"2026-11-22T12:30:00Z", 23}, // the 24th closes before a run may end
		{"2026-12-01T05:05:00Z", 24}, // until 06:00 the month before is open
		{"2026-12-01T05:30:00Z", 6},
		{"2026-12-01T06:00:00Z", 7},
	}
	for _, test := range tests {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		hours := openHours(profile.BatchWindow(), now)
		if len(hours) != test.hours || hours[0] != now.Truncate(time.Hour).Unix() {
			t.Errorf("at %s %d hours are open, want %d: %v", test.now, len(hours), test.hours, hours)
		}
	}
}
