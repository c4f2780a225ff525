package outbox

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// generation holds the ids that were claimed from one day on, until the next
// one began. Generations are dropped as a whole, so an id is remembered for as
// long as promised, and for up to a third of that longer.
type generation struct {
	// start is the first day, counted from 1970.
	start uint32
	// built are the ids that stood there when the outbox was opened. It is nil
	// until they were read, and stays so if there is no memory for them.
	built atomic.Pointer[filter]
	// fresh are those claimed since; nil when there is no memory for them. It
	// is the committer's.
	fresh *filter
}

// mayHave reports whether it is worth looking for an id on the disk.
func (g *generation) mayHave(hash uint64) bool {
	built := g.built.Load()
	return built == nil || g.fresh == nil || g.fresh.has(hash) || built.has(hash)
}

// remember adds a claimed id to what is fresh.
func (g *generation) remember(hash uint64) {
	if g.fresh != nil && !g.fresh.add(hash) {
		g.fresh.release()
		g.fresh = nil
	}
}

// release gives the memory of a dropped generation back.
func (g *generation) release() {
	if built := g.built.Load(); built != nil {
		built.release()
	}
	if g.fresh != nil {
		g.fresh.release()
	}
}

func dayOf(t time.Time) uint32 { return uint32(t.Unix() / int64(day/time.Second)) }

// days rounds up.
func days(d time.Duration) uint32 { return uint32((d + day - 1) / day) }

// current returns the generation that ids are claimed in at now, which a clock
// that was set back does not change.
func (o *Outbox) current(now time.Time) *generation {
	today, span := dayOf(now), days(o.cfg.Remember/generationsPerMemory)
	if n := len(o.generations); n > 0 && today < o.generations[n-1].start+span {
		return o.generations[n-1]
	}
	g := &generation{start: today, fresh: &filter{pool: o.pool}}
	g.built.Store(&filter{pool: o.pool}) // There is nothing to read.
	o.generations = append(o.generations, g)
	return g
}

// standing looks an id up among all that are remembered.
func (g *group) standing(id EventID, hash uint64) (claim, bool, error) {
	if c, ok := g.claimed[id]; ok {
		return c, true, nil
	}
	for i := len(g.o.generations) - 1; i >= 0; i-- {
		gen := g.o.generations[i]
		if !gen.mayHave(hash) {
			continue
		}
		g.key = appendClaimKey(g.key[:0], gen.start, id)
		c, err := get(g.o.db, g.key, decodeClaim)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return claim{}, false, fmt.Errorf("looking up event %.100q: %w", id, err)
		}
		return c, true, nil
	}
	return claim{}, false, nil
}

// buildFilters reads the ids that stood there at the opening. Until it is done
// with a generation, the committer looks for each id on the disk.
func (o *Outbox) buildFilters(generations []*generation) {
	defer close(o.filtered)
	for _, g := range generations {
		f := &filter{pool: o.pool}
		if err := o.buildFilter(g, f); err != nil {
			f.release()
			o.cfg.Logger.Warn("events cost more: the ids of a generation could not be held in memory", "day", g.start, "error", err)
			continue
		}
		g.built.Store(f)
	}
}

var errNoMemory = errors.New("FilterBytes are used up")

func (o *Outbox) buildFilter(g *generation, f *filter) error {
	if !o.gate.Enter() {
		return ErrClosed
	}
	defer o.gate.Leave()
	prefix := appendWord(nil, claimTable, g.start)
	it, err := o.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return err
	}
	n := 0
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if !f.add(hashOf(EventID(it.Key()[len(prefix):]))) {
			err = errNoMemory
		}
		if n++; n%stepRows == 0 && o.gate.IsClosed() {
			err = ErrClosed
		}
	}
	return errors.Join(err, it.Close())
}
