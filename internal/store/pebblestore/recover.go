package pebblestore

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// indexedKey is where the last call stands whose facts, and those of all calls
// before it, are in the index. It is written in the same moment as the facts.
var indexedKey = append([]byte{metaPrefix}, "indexed"...)

// recover reads from the log what the index does not have. Nothing is decided
// anew: the log says what was created.
func (s *Store) recover() error {
	indexed, err := s.readIndexed()
	if err != nil {
		return err
	}
	_, endOfOwn := shardKeys(ownShard)
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendCallKey(nil, indexed.Call+1), UpperBound: endOfOwn,
	})
	if err != nil {
		return err
	}
	last := indexed.Call
	var call store.Call
	var entry []byte
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if err = parseAt(it, &call); err == nil && call.ID != last+1 {
			err = fmt.Errorf("call %d follows call %d: %w", call.ID, last, errDamaged)
		}
		if err == nil {
			entry = s.addCreated(&call, entry)
		}
		last = call.ID
	}
	return cmp.Or(err, it.Error(), it.Close())
}

// addCreated adds what a call created to the backlog. It uses and returns a
// buffer.
func (s *Store) addCreated(call *store.Call, entry []byte) []byte {
	for i := range call.Facts {
		if call.Outcomes[i] == store.Created {
			f := &call.Facts[i]
			entry = appendEntry(entry[:0], f)
			s.backlog.active.add(s.hash(entryKey(entry)), f.Key.Hour, call.ID, entry)
		}
	}
	return entry
}

// readIndexed reads how far the index goes, and checks that it is one of this
// log.
func (s *Store) readIndexed() (store.Head, error) {
	value, closer, err := s.db.Get(indexedKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return store.Head{Hash: audit.Genesis}, nil
	}
	if err != nil {
		return store.Head{}, err
	}
	defer closer.Close()
	indexed, err := decodeHead(value)
	if err != nil {
		return store.Head{}, err
	}
	call, err := s.readCall(indexed.Call)
	if err != nil {
		return store.Head{}, fmt.Errorf("the index goes up to call %d: %w", indexed.Call, err)
	}
	if call.Hash != indexed.Hash {
		return store.Head{}, fmt.Errorf("the index goes up to another call %d than the log has: %w", indexed.Call, errDamaged)
	}
	return indexed, nil
}

// readCall reads a call that must be there.
func (s *Store) readCall(id store.CallID) (store.Call, error) {
	key := appendCallKey(nil, id)
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return store.Call{}, fmt.Errorf("there is no call %d: %w", id, errDamaged)
	}
	if err != nil {
		return store.Call{}, err
	}
	defer closer.Close()
	return decodeCall(key, value)
}

// parseAt decodes the call at which an iterator stands into c; what c then holds
// is valid until the iterator moves.
func parseAt(it *pebble.Iterator, c *store.Call) error {
	value, err := it.ValueAndErr()
	if err != nil {
		return err
	}
	return parseCall(it.Key(), value, c)
}
