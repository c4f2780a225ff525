package pebblestore

import (
	"encoding/binary"
	"errors"
	"hash/maphash"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/store"
)

// load is an hour whose earlier facts a filter wants to know.
type load struct {
	hour store.Hour
	into *hourFilter
	// unindexed are those that the index may lack: it is read later.
	unindexed view
}

// startLoading hands an hour to the loader, if that has not too much to do.
func (s *Store) startLoading(hour store.Hour, into *hourFilter) bool {
	// The committer asks, so all that was told before is in one or the other.
	unindexed, _ := s.backlog.view(func() error { return nil })
	select {
	case s.loads <- load{hour, into, unindexed}:
		return true
	default:
		return false
	}
}

// loadAll is the loader. It returns when the queue is closed.
func (s *Store) loadAll() {
	for l := range s.loads {
		set, err := s.fingerprintsOf(l)
		if err != nil && !errors.Is(err, store.ErrClosed) {
			// The filter goes without; only time is lost.
			s.log.Warn("an hour's facts could not be loaded; each is looked for", "hour", l.hour, "error", err)
		}
		if err == nil {
			l.into.loaded.Store(set)
		}
	}
}

// fingerprintsOf reads the keys of an hour.
func (s *Store) fingerprintsOf(l load) (*fingerprints, error) {
	set := new(fingerprints)
	for i := range l.unindexed {
		sg := &l.unindexed[i]
		for place := 0; place < len(sg.entries); {
			_, key, _, next := sg.at(place)
			if hourOfKey(key) == l.hour {
				set.add(fingerprintOf(s.hash(key)))
			}
			place = next
		}
	}
	closed := false
	err := s.keysOfHour(l.hour, func(key []byte) bool {
		set.add(fingerprintOf(s.hash(key)))
		closed = s.gate.IsClosed()
		return !closed
	})
	if closed {
		return nil, store.ErrClosed // What was read is not all.
	}
	return set, err
}

// hash is that of keys in filters and segments. It differs from process to process.
func (s *Store) hash(key []byte) uint64 { return maphash.Bytes(s.seed, key) }

// hourIsEmpty reports whether there is no fact of an hour.
func (s *Store) hourIsEmpty(hour store.Hour) (empty bool, err error) {
	if s.backlog.hasHour(hour) {
		return false, nil
	}
	empty = true
	err = s.keysOfHour(hour, func([]byte) bool {
		empty = false
		return false
	})
	return empty, err
}

// keysOfHour calls found with the keys of an hour in the index, kind by kind,
// until it returns false.
func (s *Store) keysOfHour(hour store.Hour, found func(key []byte) bool) error {
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: []byte{firstKind}, UpperBound: []byte{lastKind + 1},
	})
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; {
		kind, at := store.Kind(it.Key()[0]), hourOfKey(it.Key())
		switch {
		case at < hour:
			ok = it.SeekGE(appendHourKey(nil, kind, hour))
		case at > hour:
			ok = it.SeekGE([]byte{byte(kind) + 1})
		default:
			if !found(it.Key()) {
				return it.Error()
			}
			ok = it.Next()
		}
	}
	return it.Error()
}

// hourOfKey is the hour in a fact's key.
func hourOfKey(key []byte) store.Hour {
	if len(key) < factKeyLen {
		return 0 // A damaged key, which is found when it is read.
	}
	return store.Hour(binary.BigEndian.Uint32(key[1:]))
}
