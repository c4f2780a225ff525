package pebblestore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/meterd/meterd/internal/store"
)

// view is the facts of the log that the index did not have at a moment: copies
// of segments, oldest first, to which nothing is added. What they share with the
// originals does not change.
type view []segment

// sorted is a part of a view in key order, with the newest fact of each key.
type sorted struct {
	view
	refs []ref
}

// ref is a fact's place in a view, with the beginning of its key as numbers,
// so that most comparisons need not look there.
type ref struct {
	key     [3]uint64
	segment uint32
	place   uint32
}

// sort sorts the facts with from <= key < to; a nil to is no bound.
func (v view) sort(from, to []byte) sorted {
	s := sorted{view: v}
	if from == nil && to == nil {
		s.refs = make([]ref, 0, v.facts())
	}
	for i := range v {
		sg := &v[i]
		for place := 0; place < len(sg.entries); {
			_, key, _, next := sg.at(place)
			if bytes.Compare(from, key) <= 0 && (to == nil || bytes.Compare(key, to) < 0) {
				s.refs = append(s.refs, ref{sortKey(key), uint32(i), uint32(place)})
			}
			place = next
		}
	}
	// Of equal keys, the newest comes first and stays.
	slices.SortFunc(s.refs, func(a, b ref) int {
		if c := a.compare(&b); c != 0 {
			return c
		}
		return cmp.Or(s.compareKeys(a, b), cmp.Compare(b.segment, a.segment), cmp.Compare(b.place, a.place))
	})
	s.refs = slices.CompactFunc(s.refs, func(a, b ref) bool { return a.compare(&b) == 0 && s.compareKeys(a, b) == 0 })
	return s
}

// facts counts those of all keys, also where one was told anew.
func (v view) facts() (n int) {
	for i := range v {
		n += v[i].facts
	}
	return n
}

func sortKey(key []byte) (k [3]uint64) {
	var b [24]byte
	copy(b[:], key)
	for i := range k {
		k[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return k
}

// compare compares the beginnings of two keys.
func (r *ref) compare(other *ref) int {
	for i := range r.key {
		if r.key[i] < other.key[i] {
			return -1
		}
		if r.key[i] > other.key[i] {
			return 1
		}
	}
	return 0
}

// compareKeys compares two keys that begin alike.
func (s *sorted) compareKeys(a, b ref) int {
	_, k, _ := s.fact(a)
	_, l, _ := s.fact(b)
	return bytes.Compare(k, l)
}

func (s *sorted) fact(r ref) (call store.CallID, key, rest []byte) {
	call, key, rest, _ = s.view[r.segment].at(int(r.place))
	return call, key, rest
}
