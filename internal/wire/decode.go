package wire

import (
	"time"
	"unicode/utf8"

	"github.com/meterd/meterd/api"
)

// decoder reads the scalar members of a request. Values that a request points
// to stand in slabs, because one allocation for each would cost more than the
// reading.
type decoder struct {
	scanner
	dialect  Dialect
	texts    slab[string]
	integers slab[int64]
	times    slab[time.Time]
	// Lists of allocations and tags are cut from these two.
	allocations []api.UsageAllocation
	tags        []api.Tag
}

// The bytes of a document for each value of a kind, at a guess: a wrong one
// costs a block more, or some room that stays empty.
const (
	textBytes       = 32
	integerBytes    = 64
	timeBytes       = 96
	recordBytes     = 80
	allocationBytes = 64
	tagBytes        = 32
)

// slab hands out pointers to values that were allocated together.
type slab[T any] struct{ free []T }

// put stores v, in a new block of n values if the last one is full.
func (s *slab[T]) put(v T, n int) *T {
	if len(s.free) == 0 {
		s.free = make([]T, n)
	}
	p := &s.free[0]
	*p = v
	s.free = s.free[1:]
	return p
}

// room says how many values to make place for, if the rest of the document has
// one of them in every so many bytes.
func (d *decoder) room(bytes int) int {
	return min((len(d.text)-d.pos)/bytes+1, slabMax)
}

func newDecoder(body string, d Dialect) *decoder {
	return &decoder{scanner: scanner{text: body}, dialect: d}
}

// document reads the members of the body's object and makes sure that nothing
// follows. The whole text is checked to be UTF-8 first, so that no string
// needs to be.
func (d *decoder) document(yield func(key string) bool) {
	// M0024: a list is refused by name, null and other scalars without a message.
	first := d.peek()
	if !utf8.ValidString(d.text) || first != '{' && first != '[' {
		d.fail("")
	}
	d.members(yield)
	if d.peek(); d.pos < len(d.text) {
		d.fail("")
	}
}

// string reads a string or null.
func (d *decoder) string() *string {
	switch d.peek() {
	case '"':
		return d.texts.put(d.quoted(), d.room(textBytes))
	case 'n':
		d.literal("null")
		return nil
	}
	d.misplaced(textWanted)
	return nil
}

// integer reads an integer or null.
func (d *decoder) integer() *int64 {
	if d.null() {
		return nil
	}
	if !startsNumber(d.peek()) {
		d.misplaced(integerWanted)
		return nil
	}
	n, _ := d.number().scaled(0)
	return d.integers.put(n, d.room(integerBytes))
}

// boolean reads true, false or null.
func (d *decoder) boolean() *bool {
	switch d.peek() {
	case 't':
		d.literal("true")
		return new(true)
	case 'f':
		d.literal("false")
		return new(false)
	case 'n':
		d.literal("null")
		return nil
	}
	d.misplaced(booleanWanted)
	return nil
}

// timestamp reads a time or null (M0015). Only PlainJSON has times as texts.
func (d *decoder) timestamp() *time.Time {
	switch c := d.peek(); {
	case c == 'n':
		d.literal("null")
		return nil
	case startsNumber(c):
		return d.times.put(timeOfNumber(d.number()), d.room(timeBytes))
	case c == '"' && d.dialect == PlainJSON:
		return d.times.put(d.timeText(), d.room(timeBytes))
	}
	d.misplaced(timestampWanted)
	return nil
}

func (d *decoder) timeText() time.Time {
	text := d.quoted()
	t, ok := timeOfText(text)
	if !ok {
		d.fail(unreadableTime(text))
	}
	return t
}
