package recorder

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/meterd/meterd/internal/metering"
)

// Counter counts one dimension of one customer. Make it once, where the customer
// is looked up, and keep it: adding to it costs a few nanoseconds. It may be
// used by many goroutines at the same time.
type Counter struct {
	// pending is what was added and not taken yet, or sealed.
	pending atomic.Int64
	// asked: somebody added 0.
	asked atomic.Bool

	name name
	tags []metering.Tag
	// refusal says why the outbox last refused what was taken; nil if it did
	// not. The flusher sets it.
	refusal atomic.Pointer[string]
}

// Add counts n, at the level of interval: it is in memory until the next flush.
// It neither waits nor allocates. The context is not looked at, because usage
// that happened counts, also when the request that it belongs to has ended.
//
// n may be negative, which corrects what was counted too much; what the hour has
// too little of for that is credit for later ones. A 0 asks for a record of the
// hour even if nothing else is counted. What is answered with an error does not
// count.
func (c *Counter) Add(_ context.Context, n int64) error {
	if n == 0 {
		return c.ask()
	}
	if n > QuantityMax || n < -QuantityMax {
		return fmt.Errorf("%w: adding %d %s of %s: one Add brings %d at most, either way", ErrInvalid, n, c.name.dimension, c.name.customer, int64(QuantityMax))
	}
	for {
		was := c.pending.Load()
		is := was + n
		if is > pendingMax || is < -pendingMax {
			return c.refuse(was, n)
		}
		// Unlike adding first and looking then, this never counts what it
		// goes on to refuse.
		if c.pending.CompareAndSwap(was, is) {
			return nil
		}
	}
}

func (c *Counter) refuse(was, n int64) error {
	if was == sealed {
		return fmt.Errorf("%w: %d %s of %s do not count", ErrClosed, n, c.name.dimension, c.name.customer)
	}
	return fmt.Errorf("%w: adding %d %s of %s: %d wait already; look at Status for why the disk does not take them", ErrFull, n, c.name.dimension, c.name.customer, was)
}

// ask notes that a record is wanted. Whoever seals the counter does that before
// it looks for the note.
func (c *Counter) ask() error {
	c.asked.Store(true)
	if c.pending.Load() == sealed {
		return c.refuse(sealed, 0)
	}
	return nil
}

// idle reports whether there is nothing to take.
func (c *Counter) idle() bool { return c.pending.Load() == 0 && !c.asked.Load() }

// take takes what was added, and leaves next: 0 or sealed. No Add gets lost in
// between: it is in what is taken, or in what the next one takes.
func (c *Counter) take(next int64) (n int64, asked bool) {
	if n = c.pending.Swap(next); n == sealed {
		n = 0
	}
	return n, c.asked.Swap(false)
}

// giveBack takes n in again, unless the counter is sealed.
func (c *Counter) giveBack(n int64) bool {
	for {
		was := c.pending.Load()
		if was == sealed {
			return false
		}
		if c.pending.CompareAndSwap(was, was+n) {
			return true
		}
	}
}

// usage names an amount of the counter's.
func (c *Counter) usage(n int64, reason string) Usage {
	return Usage{Customer: c.name.customer, Dimension: c.name.dimension, Tags: toTags(c.tags), Quantity: n, Reason: reason}
}
