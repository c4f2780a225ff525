package recorder

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

// testName is the n-th of names that have much in common.
func testName(n int) name {
	text := fmt.Sprint(n / 5)
	return [...]name{
		{customer: Customer{AWSAccountID: text}, dimension: "users"},
		{customer: Customer{Identifier: text}, dimension: "users"},
		{customer: Customer{AWSAccountID: "1", LicenseARN: text}, dimension: "users"},
		{customer: Customer{AWSAccountID: "1"}, dimension: "users", tags: text},
		{customer: Customer{AWSAccountID: "users"}, dimension: text},
	}[n%5]
}

func newCounter(n name) (*Counter, error) { return &Counter{name: n}, nil }

func TestIndex(t *testing.T) {
	for _, size := range []int{0, 1, 2, 3, 64, 5000} {
		var counters []*Counter
		for n := range size {
			counters = append(counters, &Counter{name: testName(n)})
		}
		x := newIndex(counters)
		for n := range size {
			if got := x.find(new(testName(n))); got != counters[n] {
				t.Fatalf("%d counters: %+v finds %+v", size, testName(n), got)
			}
		}
		for n := size; n < size+100; n++ {
			if got := x.find(new(testName(n))); got != nil {
				t.Fatalf("%d counters: %+v finds %+v", size, testName(n), got)
			}
		}
	}
}

// TestTable makes and finds the same counters on many goroutines: each name has
// one, and those that are asked for again become settled.
func TestTable(t *testing.T) {
	const names, callers = 500, 8
	table := newTable()
	var found [callers][names]*Counter
	var calling sync.WaitGroup
	for caller := range callers {
		calling.Go(func() {
			for n := range names {
				wanted := testName((n*7 + caller) % names)
				c := table.find(&wanted)
				if c == nil {
					var err error
					if c, err = table.make(wanted, newCounter); err != nil {
						t.Error(err)
						return
					}
				}
				found[caller][(n*7+caller)%names] = c
			}
		})
	}
	calling.Wait()
	for caller := range callers {
		if found[caller] != found[0] {
			t.Errorf("caller %d found other counters than the first one", caller)
		}
	}
	if got := len(table.counters()); got != names {
		t.Errorf("%d counters, want %d", got, names)
	}
	for n := range names {
		wanted := testName(n)
		for misses := 0; table.find(&wanted) == nil; misses++ {
			if misses > names/settleShare {
				t.Fatalf("%+v is not settled after %d misses", wanted, misses)
			}
			if _, err := table.make(wanted, newCounter); err != nil {
				t.Fatal(err)
			}
		}
	}
	table.close()
	if _, err := table.make(testName(names), newCounter); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed table made a counter: %v", err)
	}
}

// TestRefusedNamesAreNotKept: what no counter can be made of takes no room.
func TestRefusedNamesAreNotKept(t *testing.T) {
	table := newTable()
	no := errors.New("no")
	if _, err := table.make(testName(1), func(name) (*Counter, error) { return nil, no }); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if len(table.all) != 0 || len(table.counters()) != 0 {
		t.Error("it is kept")
	}
}
