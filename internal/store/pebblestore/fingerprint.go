package pebblestore

const (
	// fingerprintParts are the tables that a set is made of. Each grows by
	// itself, so that no insertion has to wait until all of a set has moved.
	fingerprintParts    = 1 << fingerprintPartBits
	fingerprintPartBits = 6
	// fingerprintSlotsMin is the size of a part's first table.
	fingerprintSlotsMin = 8
	// A table grows by a third when four fifths of it are taken: it takes
	// between 5 and 6.7 bytes per fingerprint.
	fingerprintFullNum, fingerprintFullDen = 4, 5
)

// fingerprints is a set of 32-bit fingerprints, with which the keys of up to
// some ten million facts can be told apart well: of n fingerprints, a new key
// meets one by chance once in 2^32/n times.
type fingerprints struct {
	parts [fingerprintParts]fingerprintPart
	// slots is the size of all tables.
	slots int
}

// fingerprintPart is a table with open addressing; a free slot is 0. Slots are
// in the order of their fingerprints but for collisions, so that a table of any
// size will do and growing goes through both tables from front to back.
type fingerprintPart struct {
	slots []uint32
	used  int
}

// fingerprintOf is the part of a key's hash that the set keeps.
func fingerprintOf(hash uint64) uint32 {
	if f := uint32(hash >> 32); f != 0 {
		return f
	}
	return 1
}

// add puts a fingerprint into the set and reports whether it was not in it.
func (s *fingerprints) add(f uint32) bool {
	p := &s.parts[f>>(32-fingerprintPartBits)]
	if p.used*fingerprintFullDen >= len(p.slots)*fingerprintFullNum {
		s.slots += p.grow()
	}
	return p.add(f)
}

// has reports whether a fingerprint is in the set.
func (s *fingerprints) has(f uint32) bool {
	p := &s.parts[f>>(32-fingerprintPartBits)]
	if len(p.slots) == 0 {
		return false
	}
	_, found := p.find(f)
	return found
}

// bytes is the memory that the set takes.
func (s *fingerprints) bytes() int { return 4 * s.slots }

func (p *fingerprintPart) add(f uint32) bool {
	at, found := p.find(f)
	if !found {
		p.slots[at] = f
		p.used++
	}
	return !found
}

// find returns where a fingerprint is, or the free slot where it belongs. There
// is always a free one.
func (p *fingerprintPart) find(f uint32) (at int, found bool) {
	// All fingerprints of a part begin with the same bits.
	at = int(uint64(f<<fingerprintPartBits) * uint64(len(p.slots)) >> 32)
	for ; p.slots[at] != 0; at++ {
		if p.slots[at] == f {
			return at, true
		}
		if at == len(p.slots)-1 {
			at = -1
		}
	}
	return at, false
}

// grow moves to a larger table and returns how many slots more that has.
func (p *fingerprintPart) grow() int {
	old := p.slots
	p.slots = make([]uint32, max(fingerprintSlotsMin, len(old)*4/3))
	for _, f := range old {
		if f != 0 {
			at, _ := p.find(f)
			p.slots[at] = f
		}
	}
	return len(p.slots) - len(old)
}
