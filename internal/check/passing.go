package check

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/meterd/meterd/internal/store"
)

// passing are the facts that end (Fact.Until), client tokens that is, as they
// were created last up to the call that is being checked. One that has ended can
// be created anew in the same place, so that what stands in the end does not say
// what stood before.
type passing struct {
	seed maphash.Seed
	last map[store.Key]creation
	// newest is the latest time of a call so far.
	newest int64
	// forgotten says that some were dropped from last, because they ended long
	// ago: nothing is said of those.
	forgotten bool
	// alone says that one shard tells everything: then log order is the order of
	// all decisions.
	alone bool
}

// creation is a telling of such a fact that created it.
type creation struct {
	call   store.CallID
	until  int64
	digest uint64
}

const (
	// passedKeptMillis is how long after its end one is kept: requests have the
	// time at which they came, and are not told in the order of that.
	passedKeptMillis = 24 * 3_600_000
	// passingSweep is how many there are when those are dropped.
	passingSweep = 1 << 20
)

func (p *passing) digest(f *store.Fact) uint64 {
	return maphash.Bytes(p.seed, append(binary.LittleEndian.AppendUint64(nil, uint64(f.Quantity)), f.Detail...))
}

// create remembers a telling that created its fact.
func (p *passing) create(call *store.Call, told *store.Fact) {
	if len(p.last) >= passingSweep {
		for key, c := range p.last {
			if c.until < p.newest-passedKeptMillis {
				delete(p.last, key)
				p.forgotten = true
			}
		}
	}
	p.newest = max(p.newest, call.At)
	p.last[told.Key] = creation{call.ID, told.Until, p.digest(told)}
}

// outcome returns the one that follows for a telling, or 0 if that is not known.
func (p *passing) outcome(call *store.Call, told *store.Fact) store.Outcome {
	before, ok := p.last[told.Key]
	switch {
	case !p.alone:
		return 0
	case !ok && p.forgotten:
		return 0
	case !ok || call.At >= before.until:
		return store.Created
	case before.digest == p.digest(told):
		return store.Same
	}
	return store.Conflict
}

// expectPassing is expect for a fact that ends.
func (c *checker) expectPassing(call *store.Call, i int, stands *store.Fact) store.Outcome {
	told := &call.Facts[i]
	want := c.passing.outcome(call, told)
	if call.Outcomes[i] != store.Created {
		return want
	}
	c.passing.create(call, told)
	switch {
	case stands.Call == call.ID:
		c.asTold(call.ID, i, told, stands)
	case stands.Call.Shard() == call.ID.Shard() && stands.Call < call.ID:
		c.problem(call.ID, "fact %d was told anew here, but stands as told by call %s", i+1, stands.Call)
	}
	return want
}

// passingStands checks that a fact that ends stands as told by the call that
// created it last.
func (c *checker) passingStands(f *store.Fact) {
	if last, ok := c.passing.last[f.Key]; ok && c.passing.alone && f.Call != last.call {
		c.problem(last.call, "tells the fact that stands as told by call %s", f.Call)
	}
}
