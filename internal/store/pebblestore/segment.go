package pebblestore

import (
	"encoding/binary"

	"github.com/meterd/meterd/internal/store"
)

// segment is a stretch of the log whose facts are not in the index yet: what its
// calls created, by key. Facts are only ever added. An entry is
//
//	call    u64, little endian
//	rest    u32, its length, little endian
//	key     u8, its length
//	key     as in the index
//	rest    the fact's value behind the call (appendRest)
//
// All but the call is known before the call has its number (appendEntry).
type segment struct {
	entries []byte
	// slots is a table with open addressing. A slot has the upper half of a
	// key's hash above the place of its newest entry, plus one; 0 is free.
	slots []uint64
	used  int
	// facts is the number of entries.
	facts int
	// hours are those of the entries, last that of the last one.
	hours map[store.Hour]struct{}
	last  store.Hour
	// viewed says that a view shares the entries, so that they must stay.
	viewed bool
	// upTo is the last call of the stretch, once the segment is sealed.
	upTo store.Head
}

const (
	entryCallLen   = 8
	entrySizesLen  = 4 + 1
	entryHeaderLen = entryCallLen + entrySizesLen
	// entryLenUsual is the length of an entry without allocations.
	entryLenUsual = 44
	// slotsMin is the size of the smallest table.
	slotsMin = 1 << 8
)

// newSegment makes a segment with room for a number of usual facts: growing
// would hold the committer up, and memory that is not written to costs nothing.
func newSegment(facts int) *segment {
	return &segment{
		entries: make([]byte, 0, facts*entryLenUsual),
		slots:   make([]uint64, slotsFor(facts)),
		hours:   make(map[store.Hour]struct{}),
	}
}

// slotsFor is the size of a table that need not grow for a number of facts.
func slotsFor(facts int) int {
	n := slotsMin
	for n <= 2*facts {
		n *= 2
	}
	return n
}

// empty makes the segment as new, but for the room it has.
func (sg *segment) empty() {
	clear(sg.slots)
	clear(sg.hours)
	*sg = segment{entries: sg.entries[:0], slots: sg.slots, hours: sg.hours}
}

// appendEntry appends a fact's entry without its call.
func appendEntry(b []byte, f *store.Fact) []byte {
	start := len(b)
	b = append(b, make([]byte, entrySizesLen)...)
	b = appendFactKey(b, f.Key)
	rest := len(b)
	b = appendRest(b, f)
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-rest))
	b[start+4] = byte(rest - start - entrySizesLen)
	return b
}

// entryKey is the key in what appendEntry appended.
func entryKey(entry []byte) []byte { return entry[entrySizesLen : entrySizesLen+entry[4]] }

// at takes the entry at a place apart, and returns where the next one is.
func (sg *segment) at(place int) (call store.CallID, key, rest []byte, next int) {
	b := sg.entries[place:]
	call = store.CallID(binary.LittleEndian.Uint64(b))
	key = entryKey(b[entryCallLen:])
	from := entryHeaderLen + len(key)
	to := from + int(binary.LittleEndian.Uint32(b[entryCallLen:]))
	return call, key, b[from:to:to], place + to
}

// add adds what appendEntry appended.
func (sg *segment) add(hash uint64, hour store.Hour, call store.CallID, entry []byte) {
	if 2*sg.used >= len(sg.slots) {
		sg.grow()
	}
	slot := &sg.slots[sg.slotOf(hash, entryKey(entry))]
	if *slot == 0 {
		sg.used++
	}
	*slot = hash>>32<<32 | uint64(len(sg.entries)+1)
	sg.entries = binary.LittleEndian.AppendUint64(sg.entries, uint64(call))
	sg.entries = append(sg.entries, entry...)
	if hour != sg.last || sg.facts == 0 {
		sg.hours[hour] = struct{}{}
		sg.last = hour
	}
	sg.facts++
}

// find returns the newest entry of a key, or ok == false.
func (sg *segment) find(hash uint64, key []byte) (call store.CallID, rest []byte, ok bool) {
	slot := sg.slots[sg.slotOf(hash, key)]
	if slot == 0 {
		return 0, nil, false
	}
	call, _, rest, _ = sg.at(int(uint32(slot)) - 1)
	return call, rest, true
}

// slotOf returns the slot that a key has or would have.
func (sg *segment) slotOf(hash uint64, key []byte) int {
	mask := len(sg.slots) - 1
	for at := int(hash>>32) & mask; ; at = (at + 1) & mask {
		slot := sg.slots[at]
		if slot == 0 {
			return at
		}
		if slot>>32 == hash>>32 {
			if _, other, _, _ := sg.at(int(uint32(slot)) - 1); string(other) == string(key) {
				return at
			}
		}
	}
}

func (sg *segment) grow() {
	old := sg.slots
	sg.slots = make([]uint64, 2*len(old))
	mask := len(sg.slots) - 1
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		at := int(slot>>32) & mask
		for sg.slots[at] != 0 {
			at = (at + 1) & mask
		}
		sg.slots[at] = slot
	}
}
