package store

import (
	"slices"
	"testing"
)

func TestKeysOrderByTheirFieldsFromFirstToLast(t *testing.T) {
	// Each key is greater than all before it: it raises one field, and every
	// later field falls back to its smallest.
	ascending := []Key{
		{},
		{Tail: [16]byte{15: 1}},
		{Tail: [16]byte{0: 1}},
		{Dimension: 1},
		{Dimension: 1, Tail: [16]byte{0: 1}},
		{Party: 1},
		{Subject: 1},
		{Scope: 1},
		{Scope: 256},
		{Hour: 1},
		{Kind: 1},
		{Kind: 1, Hour: 1, Scope: 1, Subject: 1, Party: 1, Dimension: 1},
	}
	for i, k := range ascending {
		for j, l := range ascending {
			want := slices.Compare([]int{i}, []int{j})
			if got := k.Compare(l); got != want {
				t.Errorf("%+v.Compare(%+v) = %d, want %d", k, l, got, want)
			}
		}
	}
}

func TestOnlyCapitalLettersAreKinds(t *testing.T) {
	for b := range 256 {
		k := Kind(b)
		if err := k.Check(); (err == nil) != (k >= 'A' && k <= 'Z') {
			t.Errorf("Kind(%q).Check() = %v", byte(k), err)
		}
	}
}

func TestAFactStandsUntilItsEnd(t *testing.T) {
	for _, c := range []struct {
		until, at int64
		want      bool
	}{
		{until: 0, at: 1 << 62, want: true},
		{until: 100, at: 99, want: true},
		{until: 100, at: 100, want: false},
		{until: 100, at: 101, want: false},
	} {
		f := Fact{Until: c.until}
		if got := f.StandsAt(c.at); got != c.want {
			t.Errorf("a fact until %d stands at %d: %t, want %t", c.until, c.at, got, c.want)
		}
	}
}
