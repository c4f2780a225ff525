package sellertest

import (
	"fmt"
	"sync"
	"testing"
)

// tally is what worlds come to together.
type tally struct {
	mu             sync.Mutex
	rounds, events int
	sum            balance
	faults         map[fault]int
}

func (s *tally) add(w *world, rounds int, b balance) {
	_, met := w.network().report()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rounds += rounds
	s.events += len(w.books.acknowledged)
	s.sum = s.sum.plus(b)
	if s.faults == nil {
		s.faults = map[fault]int{}
	}
	for f, n := range met {
		s.faults[f] += n
	}
}

// log tells the sum, and fails a test that saw too little.
func (s *tally) log(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Logf("rounds %d, events acknowledged %d, units told %d = billed %d + dead letters %d - credit %d, lost %d, doubled %d; faults of calls: %v",
		s.rounds, s.events, s.sum.Told, s.sum.Billed, s.sum.Named, s.sum.Credit, s.sum.Lost, s.sum.Doubled, fmt.Sprint(s.faults))
	if t.Failed() {
		return
	}
	if s.events < 10*s.rounds || s.sum.Billed == 0 || s.sum.Named == 0 {
		t.Errorf("that is too little to prove anything")
	}
}
