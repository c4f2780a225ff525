package pebblestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// A fact's key begins with its kind, a capital letter; the other tables begin
// with small ones. All integers in keys are big endian, so that the order of
// bytes is the order of the contract:
//
//	kind  hour u32  scope u32  subject u32  party u32  dimension u32  [tail 16]
//	'c'   id u64                                  a call; those that are told here are of shard 0
//	'n'   id u32                                  a name
//	'r'   uvarint length, table, key              a row
//	'm'   word                                    what the store knows of itself
//
// The calls are the log, the facts an index of it. A fact's tail is left out
// when it is zero: then the key is shorter than all that have one, and sorts before them, as zero does.
const (
	// Kinds of facts are between these two.
	firstKind, lastKind = 'A', 'Z'

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
	// shardLen is what a call's id begins with.
	shardLen = 2
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

// hourMillis are the milliseconds of an hour.
const hourMillis = 3_600_000

// appendFactValue appends a fact's value: format, call, and the rest.
func appendFactValue(b []byte, call store.CallID, rest []byte) []byte {
	b = binary.AppendUvarint(append(b, valueFormat), uint64(call))
	return append(b, rest...)
}

// appendRest appends what of a fact is known before its call has a number:
// quantity, timestamp as what it has more than the key's hour, until, and the
// detail to the end.
func appendRest(b []byte, f *store.Fact) []byte {
	b = binary.AppendVarint(b, f.Quantity)
	b = binary.AppendVarint(b, f.Timestamp-int64(f.Key.Hour)*hourMillis)
	b = binary.AppendVarint(b, f.Until)
	return append(b, f.Detail...)
}

// decodeFact decodes the value at a key; the detail lies in it.
func decodeFact(k store.Key, value []byte) (store.Fact, error) {
	r := newReader(value)
	call := store.CallID(r.uvarint())
	if r.err != nil {
		return store.Fact{}, r.err
	}
	return decodeRest(k, call, r.rest)
}

// decodeRest decodes what appendRest appended; the detail lies in it.
func decodeRest(k store.Key, call store.CallID, rest []byte) (store.Fact, error) {
	r := reader{rest: rest}
	f := store.Fact{Key: k, Call: call, Quantity: r.varint()}
	f.Timestamp = r.varint() + int64(k.Hour)*hourMillis
	f.Until = r.varint()
	f.Detail = r.rest
	return f, r.err
}

// appendHead appends a call's id and hash, as they stand at indexedKey.
func appendHead(b []byte, h store.Head) []byte {
	b = binary.AppendUvarint(append(b, valueFormat), uint64(h.Call))
	return append(b, h.Hash[:]...)
}

func decodeHead(value []byte) (store.Head, error) {
	r := newReader(value)
	h := store.Head{Call: store.CallID(r.uvarint())}
	copy(h.Hash[:], r.bytes(uint64(len(h.Hash))))
	return h, r.err
}

func appendCallKey(b []byte, id store.CallID) []byte {
	return binary.BigEndian.AppendUint64(append(b, callPrefix), uint64(id))
}

// shardKeys are the keys of a shard's calls: from one to before another.
func shardKeys(shard uint16) (from, to []byte) {
	from = appendCallKey(nil, store.NewCallID(shard, 0))
	return from, after(from[:1+shardLen])
}

func decodeCallKey(b []byte) (store.CallID, error) {
	if len(b) != 1+8 {
		return 0, fmt.Errorf("call key of %d bytes: %w", len(b), errDamaged)
	}
	return store.CallID(binary.BigEndian.Uint64(b[1:])), nil
}

// appendCall appends a call's value: format, hash, the outcomes as runs of equal
// ones (their number, and of each a byte and a uvarint length), and what was told
// (store.AppendTold) to the end.
func appendCall(b []byte, hash audit.Hash, decisions []store.Decision, told []byte) []byte {
	b = append(append(b, valueFormat), hash[:]...)
	runs := 0
	for i := range decisions {
		if i == 0 || decisions[i].Outcome != decisions[i-1].Outcome {
			runs++
		}
	}
	b = binary.AppendUvarint(b, uint64(runs))
	for i := 0; i < len(decisions); {
		run := i
		for i < len(decisions) && decisions[i].Outcome == decisions[run].Outcome {
			i++
		}
		b = append(b, byte(decisions[run].Outcome))
		b = binary.AppendUvarint(b, uint64(i-run))
	}
	return append(b, told...)
}

// decodeCall copies what it decodes.
func decodeCall(key, value []byte) (store.Call, error) {
	var c store.Call
	err := parseCall(key, bytes.Clone(value), &c)
	return c, err
}

// parseCall decodes into c, whose slices it uses again; what c then holds lies
// in value.
func parseCall(key, value []byte, c *store.Call) (err error) {
	if c.ID, err = decodeCallKey(key); err != nil {
		return err
	}
	r := newReader(value)
	copy(c.Hash[:], r.bytes(uint64(len(c.Hash))))
	c.Outcomes = r.outcomes(c.Outcomes[:0])
	if r.err != nil {
		return fmt.Errorf("call %d: %w", c.ID, r.err)
	}
	if err := store.ParseTold(r.rest, c); err != nil {
		return fmt.Errorf("call %d: %w: %w", c.ID, errDamaged, err)
	}
	if len(c.Outcomes) != len(c.Facts) {
		return fmt.Errorf("call %d: %d outcomes of %d facts: %w", c.ID, len(c.Outcomes), len(c.Facts), errDamaged)
	}
	return nil
}

// outcomes appends runs of outcomes.
func (r *reader) outcomes(all []store.Outcome) []store.Outcome {
	for range r.uvarint() {
		outcome, n := r.bytes(1), r.uvarint()
		// A fact takes three bytes of what follows.
		if r.err == nil && (n == 0 || n > uint64(len(r.rest)) || outcome[0] < byte(store.Created) || outcome[0] > byte(store.Faulted)) {
			r.err = fmt.Errorf("%d outcomes %d: %w", n, outcome[0], errDamaged)
		}
		if r.err != nil {
			return nil
		}
		for range n {
			all = append(all, store.Outcome(outcome[0]))
		}
	}
	return all
}

func appendNameKey(b []byte, id store.NameID) []byte {
	return binary.BigEndian.AppendUint32(append(b, namePrefix), uint32(id))
}

// appendTableKey appends what all keys of a table's rows begin with.
func appendTableKey(b []byte, table store.Table) []byte {
	b = binary.AppendUvarint(append(b, rowPrefix), uint64(len(table)))
	return append(b, table...)
}

// decodeRowKey takes the key of a row apart.
func decodeRowKey(b []byte) (table store.Table, key string, err error) {
	r := reader{rest: b[1:]}
	table = store.Table(r.bytes(r.uvarint()))
	return table, string(r.rest), r.err
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
