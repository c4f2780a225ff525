package pebblestore

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"
)

// cursor walks over entries in key order: those of the database and, if it walks
// over facts, those that the log has and the index has not.
type cursor struct {
	it *pebble.Iterator
	// valid says that it stands at an entry.
	valid bool
	// unindexed are the facts that are still to come. They are as new as those
	// in the index, or newer.
	unindexed sorted
	// value is where the value of one of them is built.
	value []byte
}

// entries walks over entries of the database with from <= key < to. Whoever
// calls it closes its iterator.
func (s *Store) entries(from, to []byte) (*cursor, error) {
	it, err := s.newIter(from, to)
	if err != nil {
		return nil, err
	}
	return &cursor{it: it, valid: it.First()}, nil
}

// factEntries walks over facts with from <= key < to, all as of one moment: what
// is in neither the view nor the iterator was told later.
func (s *Store) factEntries(from, to []byte) (*cursor, error) {
	var it *pebble.Iterator
	v, err := s.backlog.view(func() (err error) {
		it, err = s.newIter(from, to)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &cursor{it: it, valid: it.First(), unindexed: v.sort(from, to)}, nil
}

// newIter makes an iterator, which sees the database as it is now.
func (s *Store) newIter(from, to []byte) (*pebble.Iterator, error) {
	if bytes.Compare(from, to) > 0 {
		to = from // Nothing, which Pebble wants to be told so.
	}
	return s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
}

// done reports whether there are no more entries.
func (c *cursor) done() bool { return !c.valid && len(c.unindexed.refs) == 0 }

// ahead compares the next unindexed fact with the database's entry: it comes if
// it is not behind that, and stands for it if it has the same key.
func (c *cursor) ahead() int {
	switch {
	case len(c.unindexed.refs) == 0:
		return 1
	case !c.valid:
		return -1
	}
	_, key, _ := c.unindexed.fact(c.unindexed.refs[0])
	return bytes.Compare(key, c.it.Key())
}

// entry returns the entry at which the cursor stands, until it moves.
func (c *cursor) entry() (key, value []byte, err error) {
	if c.ahead() > 0 {
		value, err = c.it.ValueAndErr()
		return c.it.Key(), value, err
	}
	call, key, rest := c.unindexed.fact(c.unindexed.refs[0])
	c.value = appendFactValue(c.value[:0], call, rest)
	return key, c.value, nil
}

func (c *cursor) next() {
	ahead := c.ahead()
	if ahead <= 0 {
		c.unindexed.refs = c.unindexed.refs[1:]
	}
	if ahead >= 0 {
		c.valid = c.it.Next()
	}
}
