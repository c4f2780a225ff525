package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrTold is returned by ParseTold for bytes that AppendTold does not write.
var ErrTold = errors.New("damaged telling")

// ParseTold reads into c what AppendTold wrote: At, Guarded, Entry and Facts,
// whose Call is c.ID. Entry and the facts' details lie in told. Everything that
// AppendTold does not write is refused, so that no two different tellings read
// as the same call.
func ParseTold(told []byte, c *Call) error {
	p := toldParser{rest: told}
	version, flags := p.byte(), p.byte()
	if version != toldVersion {
		return fmt.Errorf("%w: version %d", ErrTold, version)
	}
	c.Guarded = flags == flagGuarded
	c.At = p.varint()
	c.Entry = p.sized()
	n := p.uvarint()
	// A fact takes three bytes or more, so a damaged number reserves little.
	if n > uint64(len(p.rest))/3 {
		return fmt.Errorf("%w: %d facts in %d bytes", ErrTold, n, len(p.rest))
	}
	c.Facts = c.Facts[:0]
	last := Fact{Call: c.ID, Timestamp: c.At}
	for range n {
		p.fact(&last, c.At)
		c.Facts = append(c.Facts, last)
	}
	again := Request{At: c.At, Guarded: c.Guarded, Call: c.Entry, Facts: c.Facts}
	if p.failed || !bytes.Equal(AppendTold(nil, &again), told) {
		return ErrTold
	}
	return nil
}

// toldParser takes a telling apart. After a failure everything it gives is zero.
type toldParser struct {
	rest   []byte
	failed bool
}

// fact makes the next fact of the one before it.
func (p *toldParser) fact(f *Fact, at int64) {
	marks := p.byte()
	if marks&markPlace != 0 {
		f.Key.Kind = Kind(p.byte())
		f.Key.Scope, f.Key.Subject = NameID(p.uvarint()), NameID(p.uvarint())
	}
	hour := Hour(0)
	if marks&markHour != 0 {
		hour = Hour(p.uvarint())
	}
	f.Key.Party += NameID(p.varint())
	if marks&markDimension != 0 {
		f.Key.Dimension = NameID(p.uvarint())
	}
	f.Key.Tail = Key{}.Tail
	if marks&markTail != 0 {
		copy(f.Key.Tail[:], p.bytes(uint64(len(f.Key.Tail))))
	}
	f.Quantity = p.varint()
	if marks&markTimestamp != 0 {
		f.Timestamp += p.varint()
	}
	if marks&markHour == 0 {
		hour = hourOf(f.Timestamp)
	}
	f.Key.Hour = hour
	f.Until = 0
	if marks&markUntil != 0 {
		f.Until = at + p.varint()
	}
	f.Detail = nil
	if marks&markDetail != 0 {
		f.Detail = p.sized()
	}
}

func (p *toldParser) byte() byte {
	b := p.bytes(1)
	if p.failed {
		return 0
	}
	return b[0]
}

func (p *toldParser) uvarint() uint64 {
	v, n := binary.Uvarint(p.rest)
	p.bytes(uint64(max(n, 0)))
	p.failed = p.failed || n <= 0
	return v
}

func (p *toldParser) varint() int64 {
	v, n := binary.Varint(p.rest)
	p.bytes(uint64(max(n, 0)))
	p.failed = p.failed || n <= 0
	return v
}

func (p *toldParser) sized() []byte { return p.bytes(p.uvarint()) }

// bytes gives the next n bytes, to which nothing can be appended in place.
func (p *toldParser) bytes(n uint64) []byte {
	if p.failed || n > uint64(len(p.rest)) {
		p.failed, p.rest = true, nil
		return nil
	}
	b := p.rest[:n:n]
	p.rest = p.rest[n:]
	return b
}
