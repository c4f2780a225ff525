package bench

import (
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// space numbers the usage records that can be told of one product. Numbers
// that follow one another lie far apart, over all hours and buyers: that is
// the hard case for a store that keeps its keys in order.
type space struct {
	hours              []int64 // their beginnings in Unix seconds, the newest first
	buyers, dimensions uint64
	size, step, offset uint64
}

// usage is one record, by the numbers of its buyer and dimension.
type usage struct {
	buyer, dimension int
	timestamp        int64 // in Unix seconds
	quantity         int64
}

// ConflictQuantity is what a contradiction tells. No other record has it, so
// that the ceiling knows a contradiction without remembering anything.
const ConflictQuantity = 1_000_000

// quantities is how many quantities there are; the least is 1.
const quantities = 999

func newSpace(hours []int64, buyers, dimensions int, seed uint64) space {
	s := space{hours: hours, buyers: uint64(buyers), dimensions: uint64(dimensions)}
	s.size = uint64(len(hours)) * s.buyers * s.dimensions
	// Steps of the golden section spread evenly, and meet every number once
	// if step and size have no factor in common.
	for s.step = s.size*618/1000 | 1; gcd(s.step, s.size) != 1; s.step++ {
	}
	s.offset = mix(seed) % s.size
	return s
}

// at returns the record with a number below size.
func (s *space) at(n uint64) usage {
	x := (s.offset + n*s.step) % s.size
	u := usage{buyer: int(x % s.buyers)}
	x /= s.buyers
	u.dimension = int(x % s.dimensions)
	hour := x / s.dimensions
	noise := mix(n ^ s.offset)
	u.quantity = 1 + int64(noise%quantities)
	u.timestamp = s.hours[hour]
	if hour > 0 { // of the current hour only the beginning is surely past
		u.timestamp += int64(noise >> 32 % 3600)
	}
	return u
}

// openHours lists the hours whose usage a window takes from now until a run's
// longest end, the newest first.
func openHours(w metering.Window, now time.Time) (hours []int64) {
	hour := now.UTC().Truncate(time.Hour)
	for w.Check(hour, now) == nil && w.Check(hour, now.Add(DurationMax)) == nil {
		hours = append(hours, hour.Unix())
		hour = hour.Add(-time.Hour)
	}
	return hours
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// mix is the finalizer of SplitMix64, which makes numbers that look random of
// numbers that do not.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
