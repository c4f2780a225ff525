package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// load reads what is kept in memory.
func (o *Outbox) load() error {
	if err := o.checkFormat(); err != nil {
		return err
	}
	loader := loader{o: o, from: o.db}
	if err := loader.load(); err != nil {
		return err
	}
	if err := o.loadGenerations(); err != nil {
		return fmt.Errorf("loading ids: %w", err)
	}
	var err error
	if o.lastAct, err = lastSequence(o.db, actTable); err != nil {
		return fmt.Errorf("loading acts: %w", err)
	}
	return nil
}

// loader builds the state of an outbox, from its database or a snapshot of that.
type loader struct {
	o    *Outbox
	from pebble.Reader
}

func (l *loader) load() error {
	for _, part := range []struct {
		name  string
		table byte
		read  func(key, value []byte) error
	}{
		{"keys", keyTable, l.key},
		{"accounts", accountTable, l.account},
		{"open hours", headTable, l.head},
		{"sums", sumTable, l.sum},
		{"log of additions", logTable, l.log},
	} {
		if err := eachRow(l.from, []byte{part.table}, part.read); err != nil {
			return fmt.Errorf("loading %s: %w", part.name, err)
		}
	}
	for _, a := range l.o.byID {
		l.o.gross += a.gross
		for _, b := range a.open {
			l.o.gross += b.gross
		}
	}
	return nil
}

func (l *loader) key(key, value []byte) error {
	id := keyID(len(l.o.byID) + 1)
	if string(key) != string(appendWord(nil, keyTable, uint32(id))) {
		return fmt.Errorf("key %x instead of number %d: %w", key, id, errDamaged)
	}
	names, err := decodeKeyNames(value)
	if err != nil {
		return err
	}
	l.o.known(&account{id: id, key: names}, string(value))
	return nil
}

func (l *loader) account(key, value []byte) error {
	if len(key) != 1+4 {
		return fmt.Errorf("key %x: %w", key, errDamaged)
	}
	a, err := l.o.accountOf(keyID(binary.BigEndian.Uint32(key[1:])))
	if err != nil {
		return err
	}
	return a.decodeInto(value)
}

func (l *loader) head(key, value []byte) error {
	id, rest, err := decodePlace(key)
	if err != nil || len(rest) > 0 {
		return fmt.Errorf("key %x: %w", key, errDamaged)
	}
	a, err := l.o.accountOf(id.key)
	if err != nil {
		return err
	}
	b := &bucket{account: a, hour: id.Hour, stored: true}
	if b.head, err = decodeHead(value); err != nil {
		return err
	}
	l.o.opened(b)
	return nil
}

func (l *loader) sum(key, value []byte) error {
	id, tags, err := decodePlace(key)
	if err != nil {
		return err
	}
	b := l.o.open[id.Hour][id.key]
	if b == nil || len(tags) == 0 {
		return fmt.Errorf("a sum without its hour %s: %w", id, errDamaged)
	}
	s := &sum{tags: tagSet(tags), stored: true}
	if s.amount, err = decodeSum(value); err != nil {
		return err
	}
	if b.sums == nil {
		b.sums = make(map[tagSet]*sum)
	}
	b.sums[s.tags] = s
	l.o.sums++
	return nil
}

// log repeats additions. Those of hours that have a record were taken up by it:
// such an hour never takes another.
func (l *loader) log(key, value []byte) error {
	var err error
	if l.o.lastLog, err = decodeSequence(key); err != nil {
		return err
	}
	r := newReader(value)
	for r.err == nil && len(r.rest) > 0 {
		add, err := r.addition()
		if err != nil {
			return err
		}
		a, err := l.o.accountOf(add.key)
		if err != nil {
			return err
		}
		l.o.logged++
		frozen := false
		if add.hour <= a.last {
			if frozen, err = hasRecord(l.from, RecordID{add.hour, add.key}); err != nil {
				return err
			}
		}
		if !frozen {
			l.o.apply(a, add)
		}
	}
	return r.err
}

// loadGenerations finds the generations of ids by seeking from one to the next.
func (o *Outbox) loadGenerations() error {
	it, err := o.db.NewIter(&pebble.IterOptions{LowerBound: []byte{claimTable}, UpperBound: []byte{claimTable + 1}})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; {
		if len(it.Key()) < 1+4 {
			err = fmt.Errorf("key %x: %w", it.Key(), errDamaged)
			break
		}
		start := binary.BigEndian.Uint32(it.Key()[1:])
		o.generations = append(o.generations, &generation{start: start, fresh: &filter{pool: o.pool}})
		ok = it.SeekGE(after(appendWord(nil, claimTable, start)))
	}
	return errors.Join(err, it.Close())
}

// lastSequence returns the last number of a table, 0 if it is empty.
func lastSequence(from pebble.Reader, table byte) (n uint64, err error) {
	it, err := from.NewIter(&pebble.IterOptions{LowerBound: []byte{table}, UpperBound: []byte{table + 1}})
	if err != nil {
		return 0, err
	}
	if it.Last() {
		n, err = decodeSequence(it.Key())
	}
	return n, errors.Join(err, it.Close())
}

// eachRow calls f with all entries whose keys begin with prefix, in order.
func eachRow(from pebble.Reader, prefix []byte, f func(key, value []byte) error) error {
	it, err := from.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		var value []byte
		if value, err = it.ValueAndErr(); err == nil {
			err = f(it.Key(), value)
		}
	}
	return errors.Join(err, it.Close())
}
