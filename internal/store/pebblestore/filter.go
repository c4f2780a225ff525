package pebblestore

import (
	"maps"
	"sync/atomic"

	"github.com/meterd/meterd/internal/store"
)

// filter knows of most new keys that they are new, so that they need not be
// looked for. It holds a fingerprint of every fact of the hours that are being
// written, and is exact in one direction: what it does not know is new. What it
// does know may be new all the same, and is looked for.
//
// It belongs to the committer; only sets that are loaded come from the loader.
type filter struct {
	s     *Store
	hours map[store.Hour]*hourFilter
	// swept is when hours that are not used were last forgotten, by the time
	// of a call.
	swept int64
}

// hourFilter is the filter of one hour.
type hourFilter struct {
	// live has the facts that were told since the filter was made.
	live fingerprints
	// earlier has those from before; nil while they are not known.
	earlier *fingerprints
	// loaded is where the loader leaves them.
	loaded atomic.Pointer[fingerprints]
	// used is the time of the last call that told a fact of the hour.
	used int64
}

// none is the set of an hour that had no facts.
var none = new(fingerprints)

// isNew takes up a fact that is told at a time, and reports whether its key is
// surely new. Facts of no hour, which would never leave the filter again, are
// always looked for.
func (f *filter) isNew(hour store.Hour, hash uint64, at int64) bool {
	if hour == 0 {
		return false
	}
	h, ok := f.hours[hour]
	if !ok {
		h = f.begin(hour, at)
	}
	if h == nil {
		return false
	}
	h.used = at
	return h.add(fingerprintOf(hash))
}

func (h *hourFilter) add(fingerprint uint32) (isNew bool) {
	isNew = h.live.add(fingerprint)
	if h.earlier == nil {
		if h.earlier = h.loaded.Load(); h.earlier == nil {
			return false
		}
	}
	return isNew && !h.earlier.has(fingerprint)
}

// begin makes the filter of an hour; there is none if there are too many. If the
// hour has facts already, they are loaded in the background, and until then all
// is looked for.
func (f *filter) begin(hour store.Hour, at int64) *hourFilter {
	f.sweep(at)
	if len(f.hours) >= filterHoursMax {
		return nil
	}
	h := new(hourFilter)
	if empty, err := f.s.hourIsEmpty(hour); err == nil && empty {
		h.earlier = none
	} else if !f.s.startLoading(hour, h) {
		h = nil // Without those from before it would be of no use.
	}
	f.hours[hour] = h
	return h
}

// sweep forgets the hours that have not been written for a while.
func (f *filter) sweep(at int64) {
	if since := at - f.swept; since >= 0 && since < filterSweepMillis {
		return
	}
	f.swept = at
	maps.DeleteFunc(f.hours, func(_ store.Hour, h *hourFilter) bool {
		return h == nil || at-h.used >= filterIdleMillis
	})
}

// fit gives up the hour that was written longest ago if the memory for filters
// is used up. That hour then has none until the next sweep.
func (f *filter) fit() {
	bytes := 0
	var oldest *hourFilter
	var at store.Hour
	for hour, h := range f.hours {
		if h == nil {
			continue
		}
		bytes += h.bytes()
		if oldest == nil || h.used < oldest.used || h.used == oldest.used && h.bytes() > oldest.bytes() {
			oldest, at = h, hour
		}
	}
	if bytes > f.s.cfg.FilterBytes {
		f.hours[at] = nil
	}
}

func (h *hourFilter) bytes() int {
	if h.earlier == nil {
		return h.live.bytes()
	}
	return h.live.bytes() + h.earlier.bytes()
}
