package pgstore

import "sync"

// gate counts who is inside the store, so that Close can wait for them. A scan
// is inside only while it reads a page, because its loop may take long and may
// use the store itself.
type gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
}

// enter reports whether the gate is open; if so, leave must follow.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.inside.Add(1)
	}
	return !g.closed
}

func (g *gate) leave() { g.inside.Done() }

// close closes the gate, waits until nobody is inside, and reports whether it
// was open before.
func (g *gate) close() bool {
	g.mu.Lock()
	was := g.closed
	g.closed = true
	g.mu.Unlock()
	if was {
		return false
	}
	g.inside.Wait()
	return true
}
