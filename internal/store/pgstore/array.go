package pgstore

import "encoding/binary"

// The object ids of the element types, which are the same in every database
// that speaks PostgreSQL's protocol.
const (
	oidBytea uint32 = 17
	oidInt8  uint32 = 20
)

// array builds an array parameter in the protocol's binary form. A group has
// thousands of elements, which are written here without reflection and without
// allocating anything for each of them.
type array struct {
	b []byte
	n uint32
}

// The offsets of what is only known at the end.
const (
	arrayNulls  = 4
	arrayLength = 12
)

// reset begins an array of one dimension.
func (a *array) reset(elem uint32) {
	a.n = 0
	a.b = binary.BigEndian.AppendUint32(a.b[:0], 1) // dimensions
	a.b = binary.BigEndian.AppendUint32(a.b, 0)     // 1 if there are nulls
	a.b = binary.BigEndian.AppendUint32(a.b, elem)
	a.b = binary.BigEndian.AppendUint32(a.b, 0) // elements
	a.b = binary.BigEndian.AppendUint32(a.b, 1) // the first one's number
}

func (a *array) addBytes(v []byte) {
	a.n++
	a.b = binary.BigEndian.AppendUint32(a.b, uint32(len(v)))
	a.b = append(a.b, v...)
}

func (a *array) addInt(v int64) {
	a.n++
	a.b = binary.BigEndian.AppendUint32(a.b, 8)
	a.b = binary.BigEndian.AppendUint64(a.b, uint64(v))
}

func (a *array) addNull() {
	a.n++
	binary.BigEndian.PutUint32(a.b[arrayNulls:], 1)
	a.b = binary.BigEndian.AppendUint32(a.b, 1<<32-1)
}

// value ends the array.
func (a *array) value() []byte {
	binary.BigEndian.PutUint32(a.b[arrayLength:], a.n)
	return a.b
}

// intValue is the binary form of an int8 parameter.
func intValue(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }
