package store

import "encoding/binary"

// toldVersion leads what AppendTold appends; another layout takes another one.
const toldVersion = 1

// flagGuarded is the only flag of a call.
const flagGuarded = 1

// The marks of a told fact say which of its optional parts are written.
const (
	markPlace byte = 1 << iota
	markHour
	markDimension
	markTail
	markTimestamp
	markUntil
	markDetail
)

// hourMillis are the milliseconds of an hour.
const hourMillis = 3_600_000

// AppendTold appends what a call tells, which is all of r but what the store
// fills in. This is the form that the hash chain covers, so there is exactly one
// for each request; it is also small enough for stores to keep:
//
//	version  u8       1
//	flags    u8       1: guarded
//	at       varint
//	entry    uvarint  its length, and the bytes
//	facts    uvarint  their number, and of each:
//	  marks      u8       which of the parts in brackets follow
//	  [place]    u8 kind, uvarint scope, uvarint subject
//	  [hour]     uvarint
//	  party      varint   the difference to that of the fact before
//	  [dimension] uvarint
//	  [tail]     16 bytes
//	  quantity   varint
//	  [timestamp] varint  the difference to that of the fact before
//	  [until]    varint   the difference to at
//	  [detail]   uvarint  its length, and the bytes
//
// Place, dimension and timestamp are left out where they are those of the fact
// before, the hour where it is that of the timestamp, and tail, until and detail
// where they are zero or empty. Before the first fact comes one that is zero but
// for its timestamp, which is at. Differences wrap around.
func AppendTold(dst []byte, r *Request) []byte {
	flags := byte(0)
	if r.Guarded {
		flags |= flagGuarded
	}
	dst = append(dst, toldVersion, flags)
	dst = binary.AppendVarint(dst, r.At)
	dst = appendSized(dst, r.Call)
	dst = binary.AppendUvarint(dst, uint64(len(r.Facts)))
	before := Fact{Timestamp: r.At}
	last := &before
	for i := range r.Facts {
		f := &r.Facts[i]
		dst = appendToldFact(dst, f, last, r.At)
		last = f
	}
	return dst
}

func appendToldFact(dst []byte, f, last *Fact, at int64) []byte {
	marks := marksOf(f, last)
	dst = append(dst, marks)
	if marks&markPlace != 0 {
		dst = append(dst, byte(f.Key.Kind))
		dst = binary.AppendUvarint(dst, uint64(f.Key.Scope))
		dst = binary.AppendUvarint(dst, uint64(f.Key.Subject))
	}
	if marks&markHour != 0 {
		dst = binary.AppendUvarint(dst, uint64(f.Key.Hour))
	}
	dst = binary.AppendVarint(dst, int64(f.Key.Party)-int64(last.Key.Party))
	if marks&markDimension != 0 {
		dst = binary.AppendUvarint(dst, uint64(f.Key.Dimension))
	}
	if marks&markTail != 0 {
		dst = append(dst, f.Key.Tail[:]...)
	}
	dst = binary.AppendVarint(dst, f.Quantity)
	if marks&markTimestamp != 0 {
		dst = binary.AppendVarint(dst, f.Timestamp-last.Timestamp)
	}
	if marks&markUntil != 0 {
		dst = binary.AppendVarint(dst, f.Until-at)
	}
	if marks&markDetail != 0 {
		dst = appendSized(dst, f.Detail)
	}
	return dst
}

func marksOf(f, last *Fact) (marks byte) {
	k, l := &f.Key, &last.Key
	if k.Kind != l.Kind || k.Scope != l.Scope || k.Subject != l.Subject {
		marks |= markPlace
	}
	if k.Hour != hourOf(f.Timestamp) {
		marks |= markHour
	}
	if k.Dimension != l.Dimension {
		marks |= markDimension
	}
	if k.Tail != (Key{}.Tail) {
		marks |= markTail
	}
	if f.Timestamp != last.Timestamp {
		marks |= markTimestamp
	}
	if f.Until != 0 {
		marks |= markUntil
	}
	if len(f.Detail) > 0 {
		marks |= markDetail
	}
	return marks
}

// hourOf is the hour of a Unix millisecond, wrapped to what an Hour can hold.
func hourOf(ms int64) Hour {
	hour := ms / hourMillis
	if ms%hourMillis < 0 {
		hour--
	}
	return Hour(hour)
}

func appendSized(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}
