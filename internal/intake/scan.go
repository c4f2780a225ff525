package intake

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MalformedError is a body that is not JSON. Nothing of it counts.
type MalformedError struct {
	// Offset is the byte at which it stopped making sense.
	Offset int
}

func (e *MalformedError) Error() string {
	return fmt.Sprintf("the body is not JSON from byte %d on", e.Offset)
}

// scanner reads JSON in one pass. The first failure sticks and moves it to the
// end of the text, so that every loop over the rest ends by itself.
type scanner struct {
	text  string
	pos   int
	depth int
	err   *MalformedError
}

func (s *scanner) fail() {
	if s.err == nil {
		s.err = &MalformedError{s.pos}
	}
	s.pos = len(s.text)
}

// end returns the failure; more after the value is one.
func (s *scanner) end() error {
	if s.peek(); s.pos < len(s.text) {
		s.fail()
	}
	if s.err != nil {
		return s.err
	}
	return nil
}

// peek skips blanks and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// members steps into an object and yields each key; the loop's body must read
// the value. A key that comes twice is read twice: the last one holds.
func (s *scanner) members(yield func(key string) bool) {
	s.enter()
	for first := true; s.more(first, '}'); first = false {
		if s.peek() != '"' {
			s.fail()
			return
		}
		key := s.quoted()
		if s.peek() != ':' {
			s.fail()
			return
		}
		s.pos++
		if !yield(key) {
			return
		}
	}
}

// elements steps into a list and yields before each element, which the loop's
// body must read.
func (s *scanner) elements(yield func() bool) {
	s.enter()
	for first := true; s.more(first, ']') && yield(); first = false {
	}
}

// enter steps over the byte that opens an object or list.
func (s *scanner) enter() {
	s.pos++
	if s.depth++; s.depth > nestingMax {
		s.fail()
	}
}

// more steps to the next entry of what closing ends, or out of it.
func (s *scanner) more(first bool, closing byte) bool {
	switch c := s.peek(); {
	case c == closing:
		s.pos++
		s.depth--
		return false
	case first && c != 0:
		return true
	case c == ',':
		s.pos++
		return true
	}
	s.fail()
	return false
}

// quoted reads the string that begins here. Nearly all have no escapes and are
// parts of the body as they stand.
func (s *scanner) quoted() string {
	start := s.pos
	for i := start + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.pos = i + 1
			return s.text[start+1 : i]
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			s.fail()
			return ""
		}
	}
	s.fail()
	return ""
}

// escaped reads a string with escapes in it the slow way.
func (s *scanner) escaped(start int) (text string) {
	for i := start + 1; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '"':
			s.pos = i + 1
			if json.Unmarshal([]byte(s.text[start:s.pos]), &text) != nil {
				s.fail()
			}
			return text
		}
	}
	s.fail()
	return ""
}

// skip reads past one value of any kind and returns it as it stands, cut if it
// is long.
func (s *scanner) skip() string {
	c := s.peek()
	start := s.pos
	switch c {
	case '{':
		for range s.members {
			s.skip()
		}
	case '[':
		for range s.elements {
			s.skip()
		}
	case '"':
		s.quoted()
	default:
		s.word()
	}
	if s.err != nil {
		return ""
	}
	return cut(s.text[start:s.pos])
}

// word reads past a number, true, false or null.
func (s *scanner) word() {
	rest := s.text[s.pos:]
	length := strings.IndexAny(rest, " \t\r\n,]}")
	if length < 0 {
		length = len(rest)
	}
	if !json.Valid([]byte(rest[:length])) {
		s.fail()
		return
	}
	s.pos += length
}

func cut(text string) string {
	if len(text) > shownBytesMax {
		return strings.ToValidUTF8(text[:shownBytesMax], "") + "…"
	}
	return text
}
