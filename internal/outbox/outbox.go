package outbox

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/gate"
	"github.com/meterd/meterd/internal/pebbledir"
)

// Outbox is an open directory. Its methods may be called at the same time.
type Outbox struct {
	db   *pebble.DB
	dir  string
	cfg  Config
	gate gate.Gate

	// grouped are jobs that may share a batch, alone those that may not.
	grouped chan *job
	alone   chan *job
	// finished is closed when the committer has returned, filtered when all
	// filters are built.
	finished, filtered chan struct{}
	// stopped is set once, by the committer, when the disk has refused a write.
	stopped atomic.Pointer[error]
	memory  memory
	front   front
	pool    *pool

	// mu guards the state, which only the committer changes. What others read
	// of it may be on its way to the disk still; it never leaves with an
	// acknowledgement.
	mu sync.RWMutex
	state

	// The committer's alone.
	generations []*generation
	lastLog     uint64
	lastAct     uint64
	// logged is how many additions the log has since the checkpoint.
	logged int
	// dirty are buckets that differ from their rows.
	dirty   []*bucket
	scratch group
	// keysMax, sumsMax and checkpointAt are limits that tests lower.
	keysMax, sumsMax, checkpointAt int
}

// state is what is in memory of keys and open hours.
type state struct {
	accounts   map[string]*account // by the encoded names
	byID       []*account          // at id - 1
	byCustomer map[Customer][]*account
	open       map[Hour]map[keyID]*bucket
	// sums is how many sums are open, with one for each bucket.
	sums int
	// gross is all that was ever counted, up and down added together.
	gross int64
}

func newState() state {
	return state{
		accounts:   make(map[string]*account),
		byCustomer: make(map[Customer][]*account),
		open:       make(map[Hour]map[keyID]*bucket),
	}
}

// Close waits for all that is going on, and closes the outbox. Loops over
// records end with ErrClosed.
func (o *Outbox) Close() error {
	if !o.gate.Close() {
		return ErrClosed
	}
	// Nobody is inside any more, so nobody sends.
	close(o.grouped)
	<-o.finished
	<-o.filtered
	if err := pebbledir.Survive(o.db.Close); err != nil {
		return fmt.Errorf("closing outbox: %w", err)
	}
	return nil
}
