package pebblestore

import "sync"

// gate counts who is inside the store, so that Close can wait for them: Pebble
// must not be used while it is closed. A read-write lock would not do, because a
// scan's loop may call the store again while Close already waits.
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

// isClosed lets those inside see that they are waited for.
func (g *gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

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
