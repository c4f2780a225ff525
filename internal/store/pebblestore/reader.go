package pebblestore

import (
	"encoding/binary"
	"fmt"

	"github.com/meterd/meterd/internal/store"
)

var errDamaged = store.ErrDamaged

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
