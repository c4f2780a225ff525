package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// ErrCutShort is returned by Open for a ledger that lacks what it had
// acknowledged.
var ErrCutShort = errors.New("the ledger lacks what was acknowledged")

// changesKey is where the number of groups stands that wrote anything else than
// calls: names, rows, or that something is forgotten.
var changesKey = append([]byte{metaPrefix}, "changes"...)

func (s *Store) readChanges() (uint64, error) {
	value, closer, err := s.db.Get(changesKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer closer.Close()
	r := newReader(value)
	return r.uvarint(), r.err
}

func appendChanges(b []byte, n uint64) []byte {
	return binary.AppendUvarint(append(b, valueFormat), n)
}

// compareWithWitness refuses a ledger that does not go as far as the witness has
// seen it go.
func (s *Store) compareWithWitness() error {
	if s.seen.head.Call > s.head.Call {
		return s.cutShort("the log ends at call %d, and call %d was acknowledged", s.head.Call, s.seen.head.Call)
	}
	if s.seen.changes > s.changes {
		return s.cutShort("it has %d changes of names, tables and ranges, and %d were acknowledged", s.changes, s.seen.changes)
	}
	if s.seen.head.Call == 0 {
		return nil
	}
	call, err := s.readCall(s.seen.head.Call)
	if err != nil {
		return err
	}
	if call.Hash != s.seen.head.Hash {
		return s.cutShort("call %d is another one than was acknowledged", call.ID)
	}
	return nil
}

func (s *Store) cutShort(format string, args ...any) error {
	return fmt.Errorf("%w: %s; nothing was deleted: restore a backup, or remove %s to go on with what there is",
		ErrCutShort, fmt.Sprintf(format, args...), s.cfg.fs.PathJoin(s.dir, witnessFile))
}

// extent is how far the ledger goes.
func (s *Store) extent() extent { return extent{head: s.head, changes: s.changes} }
