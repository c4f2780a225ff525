package pgstore

import (
	"encoding/binary"

	"github.com/meterd/meterd/internal/store"
)

// params are the arrays of a group's statements. They are used for one trip
// after the other.
type params struct {
	// n is how many facts were added.
	n                                     int
	keys, quantities, timestamps, places  array
	untils, details                       array
	ids, tolds, outcomeStrings, hashLinks array
	outcomes                              []byte
}

// reset begins a list of facts.
func (p *params) reset() {
	p.n = 0
	p.keys.reset(oidBytea)
	p.quantities.reset(oidInt8)
	p.timestamps.reset(oidInt8)
	p.places.reset(oidInt8)
	p.untils.reset(oidInt8)
	p.details.reset(oidBytea)
}

// add adds the fact that stands at a slot in the end.
func (p *params) add(s *slot, batch int64) {
	p.n++
	p.keys.addBytes(s.key)
	p.quantities.addInt(s.told.quantity)
	p.timestamps.addInt(s.told.timestamp)
	p.places.addInt(batch<<placeBits | int64(s.by))
	if s.told.until == 0 {
		p.untils.addNull()
	} else {
		p.untils.addInt(s.told.until)
	}
	if len(s.told.detail) == 0 {
		p.details.addNull()
	} else {
		p.details.addBytes(s.told.detail)
	}
}

// facts are the parameters for the facts that were added.
func (p *params) facts() [][]byte {
	return [][]byte{
		p.keys.value(), p.quantities.value(), p.timestamps.value(), p.places.value(), p.untils.value(), p.details.value(),
	}
}

// calls are the parameters for the calls of a group, behind the last one before
// it or none.
func (p *params) calls(g *group, t tenure, last store.CallID) [][]byte {
	p.ids.reset(oidInt8)
	p.tolds.reset(oidBytea)
	p.outcomeStrings.reset(oidBytea)
	p.hashLinks.reset(oidBytea)
	for _, j := range g.jobs {
		p.ids.addInt(int64(j.id))
		p.tolds.addBytes(j.told)
		p.outcomes = p.outcomes[:0]
		for i := range j.decisions {
			p.outcomes = append(p.outcomes, byte(j.decisions[i].Outcome))
		}
		p.outcomeStrings.addBytes(p.outcomes)
		p.hashLinks.addBytes(j.hash[:])
	}
	return [][]byte{
		binary.BigEndian.AppendUint32(nil, uint32(t.shard)), intValue(t.epoch), intValue(int64(last)),
		p.ids.value(), p.tolds.value(), p.outcomeStrings.value(), p.hashLinks.value(),
	}
}
