package pgstore

import (
	"encoding/binary"
	"fmt"

	"github.com/meterd/meterd/internal/store"
)

// A fact's key is one byte string, whose order is that of the contract; all
// integers are big endian:
//
//	kind  hour u32  scope u32  subject u32  party u32  dimension u32  [tail 16]
//
// The tail is left out when it is zero: then the key is shorter than all that
// have one, and sorts before them, as zero does. One column of bytes takes less
// of an index than six of integers, and unlike the database's integers it holds
// all that the contract's can.
const (
	keyLen  = 1 + 5*4
	tailLen = len(store.Key{}.Tail)
)

var errDamaged = store.ErrDamaged

func appendKey(b []byte, k store.Key) []byte {
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

func parseKey(b []byte) (store.Key, error) {
	if len(b) != keyLen && len(b) != keyLen+tailLen {
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
	copy(k.Tail[:], b[keyLen:])
	return k, nil
}

// placeBits are the bits of a place below the batch.
const placeBits = 8

// batchBits are the bits of a batch's id below the shard.
const batchBits = 40

// batchID is the id of the n-th batch of a shard.
func batchID(shard uint16, n int64) int64 { return int64(shard)<<batchBits | n }
