package recorder

import "hash/maphash"

// index finds counters by name, and is never changed. With many customers it
// takes little more than half the time of a map of names: hashes lie close
// together in memory, and the only names that are read are those of the counter
// that is found.
type index struct {
	seed maphash.Seed
	// slots are a power of two, and at most half of them are taken.
	slots []slot
}

type slot struct {
	hash    uint64
	counter *Counter
}

func newIndex(counters []*Counter) *index {
	size := 2
	for size < 2*len(counters) {
		size *= 2
	}
	x := &index{seed: maphash.MakeSeed(), slots: make([]slot, size)}
	for _, c := range counters {
		h := c.name.hash(x.seed)
		i := h
		for x.at(i).counter != nil {
			i++
		}
		*x.at(i) = slot{h, c}
	}
	return x
}

func (x *index) at(i uint64) *slot { return &x.slots[i&uint64(len(x.slots)-1)] }

// find returns the counter of a name, nil if there is none.
func (x *index) find(n *name) *Counter {
	h := n.hash(x.seed)
	for i := h; ; i++ {
		s := x.at(i)
		if s.counter == nil || s.hash == h && s.counter.name == *n {
			return s.counter
		}
	}
}

// hashMix spreads the hash of one part before that of the next is added.
const hashMix = 0x9e3779b97f4a7c15

func (n *name) hash(seed maphash.Seed) uint64 {
	h := maphash.String(seed, n.dimension)
	for _, part := range [...]string{n.customer.AWSAccountID, n.customer.LicenseARN, n.customer.Identifier, n.tags} {
		if part != "" {
			h = h*hashMix + maphash.String(seed, part)
		} else {
			h *= hashMix
		}
	}
	return h
}
