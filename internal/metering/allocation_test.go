package metering

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tags(pairs ...string) (list []Tag) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, Tag{pairs[i], pairs[i+1]})
	}
	return list
}

func TestCheckTags(t *testing.T) {
	tests := []struct {
		name string
		list []Allocation
		want Rule
	}{
		{"none", nil, ""},
		{"untagged", []Allocation{{1, nil}}, ""},
		{"five", []Allocation{{1, tags("a", "1", "b", "1", "c", "1", "d", "1", "e", "1")}}, ""},
		{"six", []Allocation{{1, tags("a", "1", "b", "1", "c", "1", "d", "1", "e", "1", "f", "1")}}, RuleTagInvalid},
		{"no tags in a list", []Allocation{{1, []Tag{}}}, RuleTagInvalid},
		{"five keys in two", []Allocation{{1, tags("a", "1", "b", "1", "c", "1")}, {1, tags("a", "2", "d", "1", "e", "1")}}, ""},
		{"six keys in two", []Allocation{{1, tags("a", "1", "b", "1", "c", "1")}, {1, tags("d", "1", "e", "1", "f", "1")}}, RuleTagInvalid},
		{"one key twice", []Allocation{{1, tags("a", "1", "a", "2")}}, RuleTagInvalid},
		{"key of 100", []Allocation{{1, tags(strings.Repeat("k", 100), "v")}}, ""},
		{"key of 101", []Allocation{{1, tags(strings.Repeat("k", 101), "v")}}, RuleTagInvalid},
		{"value of 256", []Allocation{{1, tags("k", strings.Repeat("v", 256))}}, ""},
		{"value of 257", []Allocation{{1, tags("k", strings.Repeat("v", 257))}}, RuleTagInvalid},
		{"empty key", []Allocation{{1, tags("", "v")}}, RuleTagInvalid},
		{"empty value", []Allocation{{1, tags("k", "")}}, RuleTagInvalid},
		{"the model's ASCII range", []Allocation{{1, tags("!\"#$%&'()*+,-./09:;<=", "_ @aZ")}}, ""},
		{"past the range", []Allocation{{1, tags("a>b", "v")}}, RuleTagInvalid},
		{"umlaut", []Allocation{{1, tags("ü", "v")}}, RuleTagInvalid},
		{"line break", []Allocation{{1, tags("a\n", "v")}}, RuleTagInvalid},
		{"backslash", []Allocation{{1, tags(`a\b`, "v")}}, RuleTagInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { check(t, CheckTags(test.list), test.want) })
	}
}

func TestCheckAllocations(t *testing.T) {
	many := func(n int) (list []Allocation) {
		for i := range n {
			list = append(list, Allocation{1, tags("k", fmt.Sprint(i))})
		}
		return list
	}
	tests := []struct {
		name     string
		quantity int64
		list     []Allocation
		want     Rule
	}{
		{"none", 7, nil, ""},
		{"empty list", 0, []Allocation{}, RuleAllocationsInvalid},
		{"adds up", 7, []Allocation{{3, tags("a", "1")}, {4, nil}}, ""},
		{"one too many", 6, []Allocation{{3, tags("a", "1")}, {4, nil}}, RuleAllocationsInvalid},
		{"nothing of nothing", 0, []Allocation{{0, tags("a", "1")}}, ""},
		{"2500", 2500, many(2500), ""},
		{"2501", 2501, many(2501), RuleAllocationsInvalid},
		{"the same set in another order", 2, []Allocation{{1, tags("a", "1", "b", "2")}, {1, tags("b", "2", "a", "1")}}, RuleAllocationsInvalid},
		{"two untagged", 2, []Allocation{{1, nil}, {1, nil}}, RuleAllocationsInvalid},
		{"the same key with other values", 2, []Allocation{{1, tags("a", "1")}, {1, tags("a", "2")}}, ""},
		{"sets that look alike when joined", 2, []Allocation{{1, tags("a", "bc")}, {1, tags("ab", "c")}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { check(t, CheckAllocations(test.quantity, test.list, 2500), test.want) })
	}
}

func TestCanonicalFormForgetsOrderOnly(t *testing.T) {
	a := []Allocation{{3, tags("a", "1", "b", "2")}, {4, nil}}
	b := []Allocation{{4, nil}, {3, tags("b", "2", "a", "1")}}
	if !bytes.Equal(AppendCanonical(nil, a), AppendCanonical(nil, b)) {
		t.Error("the order of allocations or tags shows")
	}
	for _, other := range [][]Allocation{
		nil,
		{{4, tags("a", "1", "b", "2")}, {3, nil}},
		{{3, tags("a", "2", "b", "1")}, {4, nil}},
		{{3, tags("a", "1")}, {4, tags("b", "2")}},
	} {
		if bytes.Equal(AppendCanonical(nil, a), AppendCanonical(nil, other)) {
			t.Errorf("%v has the form of %v", other, a)
		}
	}
	if got := AppendCanonical(nil, nil); len(got) != 0 {
		t.Errorf("no allocations have the form %x", got)
	}
}

func FuzzCanonicalReadsBack(f *testing.F) {
	f.Add(AppendCanonical(nil, []Allocation{{3, tags("a", "1", "b", "2")}, {4, nil}}))
	f.Add([]byte{1, 200})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, ok := ParseCanonical(b)
		if !ok {
			return
		}
		again, ok := ParseCanonical(AppendCanonical(nil, list))
		if !ok {
			t.Fatalf("%v does not read back", list)
		}
		if diff := cmp.Diff(AppendCanonical(nil, list), AppendCanonical(nil, again)); diff != "" {
			t.Errorf("%v reads back differently:\n%s", list, diff)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	list := []Allocation{{3, tags("team", "red", "site", "north")}, {4, tags("team", "blue", "site", "north")}}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendCanonical(buf[:0], list)
	}
}
