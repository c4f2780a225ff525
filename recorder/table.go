package recorder

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// table finds counters by name. Whoever asks for one that has been known for a
// while takes no lock and shares no written memory with others.
type table struct {
	// settled is never changed, only replaced.
	settled atomic.Pointer[index]

	mu sync.Mutex
	// all are those of settled and newer ones.
	all map[name]*Counter
	// list are all, in the order of their making; it only grows.
	list []*Counter
	// misses is how often a counter had to be looked for in all since settled
	// was replaced. With one for every settleShare counters it is replaced
	// again, which so costs each miss no more than that many counters do.
	misses int
	closed bool
	// max is CountersMax, unless a test lowers it.
	max int
}

func newTable() *table {
	t := &table{all: map[name]*Counter{}, max: CountersMax}
	t.settled.Store(newIndex(nil))
	return t
}

// find returns a settled counter, nil if there is none.
func (t *table) find(n *name) *Counter { return t.settled.Load().find(n) }

// make returns the counter of a name, making it if there is none.
func (t *table) make(n name, counter func(name) (*Counter, error)) (*Counter, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, ErrClosed
	}
	c, ok := t.all[n]
	if !ok {
		if len(t.list) >= t.max {
			return nil, fmt.Errorf("%w: there are %d counters already; a tag or name that differs with every request is a mistake", ErrFull, t.max)
		}
		n = n.clone()
		var err error
		if c, err = counter(n); err != nil {
			return nil, err
		}
		t.all[n] = c
		t.list = append(t.list, c)
	}
	if t.misses++; t.misses*settleShare >= len(t.all) {
		t.settled.Store(newIndex(t.list))
		t.misses = 0
	}
	return c, nil
}

// counters returns those that there are now.
func (t *table) counters() []*Counter {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list
}

// close keeps further counters from being made.
func (t *table) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}
