package pebblestore

import (
	"encoding/binary"
	"fmt"

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
// when it is zero: then the key is shorter than all that have one, and sorts before
// them, as zero does.
const (
	// Kinds of facts are between these two.
	firstKind, lastKind = 'A', 'Z'

	callPrefix = 'c'
	namePrefix = 'n'
	rowPrefix  = 'r'
	metaPrefix = 'm'
)

const (
	factKeyLen  = 1 + 5*4
	factTailLen = len(store.Key{}.Tail)
	// shardLen is what a call's id begins with.
	shardLen = 2
)

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
