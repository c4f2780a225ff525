package outbox

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"sync"
	"time"
)

// Pending yields the records that are to be sent and can be, the nearest
// deadline first; those whose deadline has passed wait for Expire. It sees the
// outbox as it was when the loop began. A limit of 0 is none.
func (o *Outbox) Pending(ctx context.Context, now time.Time, limit int) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		n := 0
		for e, err := range o.queued(ctx, now) {
			var r Record
			if err == nil {
				r, err = o.Record(ctx, e.id)
			}
			if err != nil {
				yield(Record{}, fmt.Errorf("reading pending records: %w", err))
				return
			}
			if r.Fate.State != Pending {
				continue // Settled since the loop began.
			}
			if n++; !yield(r, nil) || n == limit {
				return
			}
		}
	}
}

// entry is a place in the queue.
type entry struct {
	deadline time.Time
	id       RecordID
}

// queued yields the queue behind a time, in order.
func (o *Outbox) queued(ctx context.Context, from time.Time) iter.Seq2[entry, error] {
	lower := []byte{queueTable}
	if !from.IsZero() {
		// A deadline that is reached has passed.
		lower = appendSequence(nil, queueTable, uint64(from.UnixNano()+1))
	}
	return func(yield func(entry, error) bool) {
		front, seen := o.front.get()
		first := bytes.Compare(lower, front) <= 0
		if first {
			lower = front
		}
		for e, err := range scan(ctx, o, o.db, lower, []byte{queueTable + 1}, decodeEntry) {
			if first && err == nil {
				o.front.advance(appendQueueKey(nil, e.deadline, e.id), seen)
				first = false
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func decodeEntry(key, _ []byte) (entry, error) {
	deadline, id, err := decodeQueueKey(key)
	return entry{deadline, id}, err
}

// enqueue stages a place in the queue.
func (g *group) enqueue(r *Record) {
	g.key = appendQueueKey(g.key[:0], r.Deadline, r.ID)
	g.set(nil)
	if g.entered == nil || bytes.Compare(g.key, g.entered) < 0 {
		g.entered = bytes.Clone(g.key)
	}
}

// front remembers where the queue begins. The places before it were left one by
// one, and the engine would have to pass all that they leave behind.
type front struct {
	mu  sync.Mutex
	key []byte
	// entries is how often something entered.
	entries int
}

func (f *front) get() (key []byte, entries int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key == nil {
		f.key = []byte{queueTable}
	}
	return f.key, f.entries
}

// advance moves the front to the first place that somebody saw, who knew of so
// many entries; if there are others, one of them may lie before it.
func (f *front) advance(key []byte, entries int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.entries == entries {
		f.key = key
	}
}

// enter is told of a new place when it can be seen.
func (f *front) enter(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries++
	if bytes.Compare(key, f.key) < 0 {
		f.key = key
	}
}
