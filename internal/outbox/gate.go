package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrClosed is returned by every method of a closed outbox.
var ErrClosed = errors.New("the outbox is closed")

// gate counts who is inside the outbox, so that Close can wait for them: the
// engine must not be used while it is closed. Whoever is inside may enter again,
// as a loop over records does that settles them.
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

// enter begins every method that uses the engine; after nil, leave must follow.
func (o *Outbox) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !o.gate.enter() {
		return ErrClosed
	}
	return nil
}

// yearMin and yearMax bound now. Outside of them a clock is not set, and hours
// and deadlines would not fit their rows.
const yearMin, yearMax = 2000, 2200

func checkNow(now time.Time) error {
	if year := now.Year(); year < yearMin || year > yearMax {
		return fmt.Errorf("it is the year %d by the clock, which must lie between %d and %d", year, yearMin, yearMax)
	}
	return nil
}
