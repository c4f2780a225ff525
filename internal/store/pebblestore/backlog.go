package pebblestore

import (
	"bytes"
	"slices"
	"sync"

	"github.com/meterd/meterd/internal/store"
)

// backlog is the part of the log whose facts are not in the index yet. A fact is
// looked for here first and then in the index: a segment leaves only when the
// index has it.
type backlog struct {
	// facts is how many a segment is made for.
	facts int
	// mu is held by the committer while it adds, and by readers.
	mu sync.RWMutex
	// active is where the committer adds. Those that are sealed come before
	// it, oldest first, and do not change any more.
	active *segment
	sealed []*segment
	// spare is one that has left, for use as the next one: the committer
	// should not have to wait for so much memory.
	spare *segment
}

func newBacklog(facts int) *backlog {
	return &backlog{facts: facts, active: newSegment(facts), spare: newSegment(facts)}
}

// find returns the newest entry of a key, or ok == false. mu must be held.
func (b *backlog) find(hash uint64, key []byte) (call store.CallID, rest []byte, ok bool) {
	call, rest, ok = b.active.find(hash, key)
	for i := len(b.sealed) - 1; i >= 0 && !ok; i-- {
		call, rest, ok = b.sealed[i].find(hash, key)
	}
	return call, rest, ok
}

// lookup returns the newest fact of a key, or ok == false.
func (b *backlog) lookup(hash uint64, k store.Key, key []byte) (f store.Fact, ok bool, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	call, rest, ok := b.find(hash, key)
	if !ok {
		return store.Fact{}, false, nil
	}
	f, err = decodeRest(k, call, rest)
	f.Detail = bytes.Clone(f.Detail)
	return f, err == nil, err
}

// seal ends the active segment with a call and begins the next.
func (b *backlog) seal(upTo store.Head) *segment {
	b.mu.Lock()
	defer b.mu.Unlock()
	sg := b.active
	sg.upTo = upTo
	b.sealed = append(b.sealed, sg)
	b.active, b.spare = b.spare, nil
	if b.active == nil {
		b.active = newSegment(b.facts)
	}
	return sg
}

// leave lets the oldest segment go.
func (b *backlog) leave() {
	b.mu.Lock()
	sg := b.sealed[0]
	b.sealed = slices.Clone(b.sealed[1:])
	b.mu.Unlock()
	// After a crash one segment may have held as much as all.
	if sg.viewed || len(sg.slots) > slotsFor(b.facts) {
		return
	}
	// Nobody can come by it any more, and emptying it takes a while.
	sg.empty()
	b.mu.Lock()
	b.spare = sg
	b.mu.Unlock()
}

// isFull reports whether the active segment is to be sealed.
func (b *backlog) isFull(facts int) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.active.facts >= facts || len(b.active.entries) >= segmentBytes
}

// waiting is the number of segments that the index has to take up.
func (b *backlog) waiting() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.sealed)
}

// hasHour reports whether there is a fact of an hour.
func (b *backlog) hasHour(hour store.Hour) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, has := b.active.hours[hour]
	for _, sg := range b.sealed {
		_, in := sg.hours[hour]
		has = has || in
	}
	return has
}

// view returns the facts as they are now. It copies none of them: entries that
// are there do not change. While also runs, no segment comes or leaves.
func (b *backlog) view(also func() error) (view, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var v view
	for _, sg := range append(b.sealed[:len(b.sealed):len(b.sealed)], b.active) {
		sg.viewed = true
		v = append(v, segment{entries: sg.entries, facts: sg.facts})
	}
	return v, also()
}
