// Package gate counts who is inside something that can be closed, so that its
// Close can wait for them. It imports nobody and may not know what is inside.
//
// A read-write lock would not do: whoever is inside may enter again, as a loop
// over records does that looks each of them up, while Close already waits.
package gate

import "sync"

// Gate is open at first. Its methods may be called at the same time.
type Gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
}

// Enter reports whether the gate is open; if so, Leave must follow.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.inside.Add(1)
	}
	return !g.closed
}

// Leave ends what Enter began.
func (g *Gate) Leave() { g.inside.Done() }

// IsClosed lets those inside see that they are waited for.
func (g *Gate) IsClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// Close closes the gate, waits until nobody is inside, and reports whether it
// was open before.
func (g *Gate) Close() bool {
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
