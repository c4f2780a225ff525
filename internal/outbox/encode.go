package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Every key begins with the letter of its table. Integers in keys are big
// endian, so that the order of bytes is the order of numbers:
//
//	'm' word                      what the outbox knows of itself
//	'k' id u32                    the names of a key
//	'a' id u32                    the account of a key
//	'b' hour u32  id u32          the head of an open hour
//	's' hour u32  id u32  tags    a sum of it, with tags
//	'd' seq u64                   additions to open hours since the checkpoint
//	'i' day u32  id               a claim of an event or batch, by the first day of its generation
//	'r' hour u32  id u32  'f'     a record
//	'r' hour u32  id u32  's'     its fate; pending if there is none
//	'q' deadline u64  hour  id    a pending record
//	'x' hour u32  id u32          a dead letter
//	'h' seq u64                   what a person did
const (
	metaTable    = 'm'
	keyTable     = 'k'
	accountTable = 'a'
	headTable    = 'b'
	sumTable     = 's'
	logTable     = 'd'
	claimTable   = 'i'
	recordTable  = 'r'
	queueTable   = 'q'
	deadTable    = 'x'
	actTable     = 'h'

	frozenRow = 'f'
	fateRow   = 's'
)

// Values begin with their format, so that a later one can stand beside it.
const valueFormat = 1

var errDamaged = errors.New("damaged entry")

func appendWord(b []byte, table byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, table), n)
}

func appendSequence(b []byte, table byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, table), n)
}

func appendPlace(b []byte, table byte, id RecordID) []byte {
	return binary.BigEndian.AppendUint32(appendWord(b, table, uint32(id.Hour)), uint32(id.key))
}

func appendRecordKey(b []byte, id RecordID, row byte) []byte {
	return append(appendPlace(b, recordTable, id), row)
}

func appendClaimKey(b []byte, start uint32, id EventID) []byte {
	return append(appendWord(b, claimTable, start), id...)
}

func appendQueueKey(b []byte, deadline time.Time, id RecordID) []byte {
	b = appendSequence(b, queueTable, uint64(deadline.UnixNano()))
	b = binary.BigEndian.AppendUint32(b, uint32(id.Hour))
	return binary.BigEndian.AppendUint32(b, uint32(id.key))
}

const (
	placeLen = 1 + 4 + 4
	queueLen = 1 + 8 + 4 + 4
)

// decodePlace reads what appendPlace wrote, and gives what follows.
func decodePlace(b []byte) (id RecordID, rest []byte, err error) {
	if len(b) < placeLen {
		return RecordID{}, nil, fmt.Errorf("key %x: %w", b, errDamaged)
	}
	return placeAt(b[1:]), b[placeLen:], nil
}

func placeAt(b []byte) RecordID {
	return RecordID{Hour(binary.BigEndian.Uint32(b)), keyID(binary.BigEndian.Uint32(b[4:]))}
}

func decodeQueueKey(b []byte) (deadline time.Time, id RecordID, err error) {
	if len(b) != queueLen {
		return time.Time{}, RecordID{}, fmt.Errorf("key %x: %w", b, errDamaged)
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b[1:]))).UTC(), placeAt(b[9:]), nil
}

func decodeSequence(b []byte) (uint64, error) {
	if len(b) != 1+8 {
		return 0, fmt.Errorf("key %x: %w", b, errDamaged)
	}
	return binary.BigEndian.Uint64(b[1:]), nil
}

func appendText[T ~string](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendInts(b []byte, list ...int64) []byte {
	for _, n := range list {
		b = binary.AppendVarint(b, n)
	}
	return b
}

// appendTime keeps nanoseconds; a zero time stays one.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(b, 0)
	}
	return binary.AppendVarint(b, t.UnixNano())
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

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	r.skip(n)
	return v
}

func (r *reader) ints(list ...*int64) {
	for _, p := range list {
		*p = r.int()
	}
}

func (r *reader) time() time.Time {
	if n := r.int(); n != 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.skip(0)
		return ""
	}
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
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

// end is the error of a value that must have been read to its end.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		return fmt.Errorf("%d bytes too many: %w", len(r.rest), errDamaged)
	}
	return r.err
}

func appendKeyNames(b []byte, k *Key) []byte {
	b = appendText(append(b, valueFormat), k.Product)
	b = appendText(b, k.Customer.Identifier)
	b = appendText(b, k.Customer.Account)
	b = appendText(b, k.Customer.License)
	return appendText(b, k.Dimension)
}

func decodeKeyNames(value []byte) (Key, error) {
	r := newReader(value)
	k := Key{
		Product: metering.ProductCode(r.text()),
		Customer: Customer{
			Identifier: metering.CustomerID(r.text()),
			Account:    metering.AccountID(r.text()),
			License:    metering.LicenseARN(r.text()),
		},
		Dimension: metering.Dimension(r.text()),
	}
	return k, r.end()
}
