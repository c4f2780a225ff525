package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/meterd/meterd/internal/store"
)

// A fact's key begins with its kind, a capital letter; the other tables begin
// with small ones. All integers in keys are big endian, so that the order of
// bytes is the order of the contract:
//
//	kind  hour u32  scope u32  subject u32  party u32  dimension u32  [tail 16]
//	'c'   id u64                                  a call
//	'n'   id u32                                  a name
//	'r'   uvarint length, table, key              a row
//	'm'   word                                    what the store knows of itself
//
// The tail is left out when it is zero: then the key is shorter than all that
// have one, and sorts before them, as zero does.
const (
	callPrefix = 'c'
	namePrefix = 'n'
	rowPrefix  = 'r'
	metaPrefix = 'm'
)

// Values begin with their format, so that a later one can stand beside it.
const valueFormat = 1

const (
	factKeyLen  = 1 + 5*4
	factTailLen = len(store.Key{}.Tail)
)

var errDamaged = errors.New("damaged entry")

func appendFactKey(b []byte, k store.Key) []byte {
	b = appendHourKey(b, k.Kind, k.Hour)
	b = binary.BigEndian.AppendUint32(b, uint32(k.Scope))
	b = binary.BigEndian.AppendUint32(b, uint32(k.Subject))
	b = binary.BigEndian.AppendUint32(b, uint32(k.Party))
	b = binary.BigEndian.AppendUint32(b, uint32(k.Dimension))
	if k.Tail != (store.Key{}).Tail {
		b = append(b, k.Tail[:]...)
	}
	return b
}

// appendHourKey appends what all keys of a kind's hour begin with.
func appendHourKey(b []byte, kind store.Kind, hour store.Hour) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(kind)), uint32(hour))
}

func decodeFactKey(b []byte) (store.Key, error) {
	if len(b) != factKeyLen && len(b) != factKeyLen+factTailLen {
		return store.Key{}, fmt.Errorf("fact key of %d bytes: %w", len(b), errDamaged)
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[1+4*i:]) }
	k := store.Key{
		Kind:      store.Kind(b[0]),
		Hour:      store.Hour(word(0)),
		Scope:     store.NameID(word(1)),
		Subject:   store.NameID(word(2)),
		Party:     store.NameID(word(3)),
		Dimension: store.NameID(word(4)),
	}
	copy(k.Tail[:], b[factKeyLen:])
	return k, nil
}

// appendFact appends a fact's value: format, quantity, call, timestamp, until,
// and the detail to the end.
func appendFact(b []byte, f *store.Fact) []byte {
	b = append(b, valueFormat)
	b = binary.AppendVarint(b, f.Quantity)
	b = binary.AppendUvarint(b, uint64(f.Call))
	b = binary.AppendVarint(b, f.Timestamp)
	b = binary.AppendVarint(b, f.Until)
	return append(b, f.Detail...)
}

// decodeFact leaves out the key; the detail lies in b.
func decodeFact(b []byte) (store.Fact, error) {
	r := newReader(b)
	f := store.Fact{Quantity: r.varint(), Call: store.CallID(r.uvarint()), Timestamp: r.varint(), Until: r.varint()}
	f.Detail = r.rest
	return f, r.err
}

func appendCallKey(b []byte, id store.CallID) []byte {
	return binary.BigEndian.AppendUint64(append(b, callPrefix), uint64(id))
}

func decodeCallKey(b []byte) (store.CallID, error) {
	if len(b) != 1+8 {
		return 0, fmt.Errorf("call key of %d bytes: %w", len(b), errDamaged)
	}
	return store.CallID(binary.BigEndian.Uint64(b[1:])), nil
}

// appendCall appends a call's value: format, time, number of outcomes, one byte
// for each, and the entry to the end.
func appendCall(b []byte, r *store.Request) []byte {
	b = append(b, valueFormat)
	b = binary.AppendVarint(b, r.At)
	b = binary.AppendUvarint(b, uint64(len(r.Decisions)))
	for i := range r.Decisions {
		b = append(b, byte(r.Decisions[i].Outcome))
	}
	return append(b, r.Call...)
}

// decodeCall copies what it decodes.
func decodeCall(key, value []byte) (store.Call, error) {
	id, err := decodeCallKey(key)
	if err != nil {
		return store.Call{}, err
	}
	r := newReader(value)
	c := store.Call{ID: id, At: r.varint()}
	for _, outcome := range r.bytes(r.uvarint()) {
		c.Outcomes = append(c.Outcomes, store.Outcome(outcome))
	}
	c.Entry = append(c.Entry, r.rest...)
	return c, r.err
}

func appendNameKey(b []byte, id store.NameID) []byte {
	return binary.BigEndian.AppendUint32(append(b, namePrefix), uint32(id))
}

// appendTableKey appends what all keys of a table's rows begin with.
func appendTableKey(b []byte, table store.Table) []byte {
	b = binary.AppendUvarint(append(b, rowPrefix), uint64(len(table)))
	return append(b, table...)
}

// appendRow appends a row's value: format, version, and the value to the end.
func appendRow(b []byte, version uint64, value []byte) []byte {
	return append(binary.AppendUvarint(append(b, valueFormat), version), value...)
}

// decodeRow gives the version and the value, which lies in b.
func decodeRow(b []byte) (version uint64, value []byte, err error) {
	r := newReader(b)
	version = r.uvarint()
	return version, r.rest, r.err
}

// reader takes a value apart. After an error everything it gives is zero.
type reader struct {
	rest []byte
	err  error
}

// newReader begins to read a value behind its format.
func newReader(value []byte) *reader {
	switch {
	case len(value) == 0:
		return &reader{err: fmt.Errorf("empty value: %w", errDamaged)}
	case value[0] != valueFormat:
		return &reader{err: fmt.Errorf("value of the unknown format %d: %w", value[0], errDamaged)}
	}
	return &reader{rest: value[1:]}
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.skip(n)
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	r.skip(n)
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.skip(0)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// skip goes on behind a varint of n bytes; there is none if n <= 0.
func (r *reader) skip(n int) {
	if r.err == nil && n <= 0 {
		r.err = fmt.Errorf("cut value: %w", errDamaged)
	}
	if r.err != nil {
		r.rest = nil
		return
	}
	r.rest = r.rest[n:]
}
