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
	// mu is held by the committer while it adds, and by readers.
	mu sync.RWMutex
	// active is where the committer adds. Those that are sealed come before
	// it, oldest first, and do not change any more.
	active *segment
	sealed []*segment
	// gone counts the segments that have left.
	gone uint64
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
	call, rest, ok := b.find(hash, key)
	b.mu.RUnlock()
	if !ok {
		return store.Fact{}, false, nil
	}
	// Entries that are there do not change.
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
	b.active = sg.next()
	return sg
}

// leave lets the oldest segment go.
func (b *backlog) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sealed = slices.Clone(b.sealed[1:])
	b.gone++
}

// clear forgets the active segment; there must be no other.
func (b *backlog) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.active = newSegment()
	b.gone++
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
// are there do not change.
func (b *backlog) view() view {
	b.mu.RLock()
	defer b.mu.RUnlock()
	v := view{gone: b.gone}
	for _, sg := range b.sealed {
		v.segments = append(v.segments, segment{entries: sg.entries})
	}
	v.segments = append(v.segments, segment{entries: b.active.entries})
	return v
}

// isCurrent reports whether no segment has left since v was taken.
func (b *backlog) isCurrent(v view) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.gone == v.gone
}
