package wire

import (
	"net/http"
	"strings"

	"github.com/meterd/meterd/api"
)

// scanner reads a JSON document in one pass. The first failure sticks and
// moves the scanner to the end of the text, so that every loop over the rest
// ends by itself and only the end result needs to be asked for err.
type scanner struct {
	text  string
	pos   int
	depth int
	err   *api.Error
}

// fail records a SerializationException, with no message for a syntax error.
func (s *scanner) fail(message string) {
	if s.err == nil {
		s.err = &api.Error{Name: api.SerializationException, Message: message, Status: http.StatusBadRequest}
	}
	s.pos = len(s.text)
}

// peek skips blanks and returns the first byte of the next token, or 0 at the
// end of the text.
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

// members reads an object and yields each key; the loop's body must read the
// value. Keys come as often as they stand there: assigning makes the last win
// (M0028).
func (s *scanner) members(yield func(key string) bool) {
	if s.peek() != '{' {
		s.misplaced(structureWanted)
		return
	}
	s.enter()
	for first := true; s.more(first, '}'); first = false {
		key, ok := s.key()
		if !ok || !yield(key) {
			return
		}
	}
}

// elements reads a list and yields before each element but null ones, which
// the service drops (M0027); the loop's body must read the element.
func (s *scanner) elements(yield func() bool) {
	if s.peek() != '[' {
		s.misplaced(listWanted)
		return
	}
	s.enter()
	for first := true; s.more(first, ']'); first = false {
		if !s.null() && !yield() {
			return
		}
	}
}

// enter steps over the byte that opens an object or list.
func (s *scanner) enter() {
	s.pos++
	if s.depth++; s.depth > nestingMax {
		s.fail("")
	}
}

// more steps to the next entry of the object or list that end closes, or out
// of it. What follows a comma is checked by whoever reads the entry.
func (s *scanner) more(first bool, end byte) bool {
	switch c := s.peek(); {
	case c == end:
		s.pos++
		s.depth--
		return false
	case first:
		return true
	case c == ',':
		s.pos++
		return true
	}
	s.fail("")
	return false
}

// key reads a member's name and the colon after it.
func (s *scanner) key() (name string, ok bool) {
	if s.peek() != '"' {
		s.fail("")
		return "", false
	}
	name = s.quoted()
	if s.peek() != ':' {
		s.fail("")
		return "", false
	}
	s.pos++
	return name, true
}

// null reads the literal null if it is next.
func (s *scanner) null() bool {
	if s.peek() != 'n' {
		return false
	}
	s.literal("null")
	return true
}

func (s *scanner) literal(word string) {
	if !strings.HasPrefix(s.text[s.pos:], word) {
		s.fail("")
		return
	}
	s.pos += len(word)
}

func (s *scanner) accept(c byte) bool {
	if s.pos == len(s.text) || s.text[s.pos] != c {
		return false
	}
	s.pos++
	return true
}

// skip reads past one value of any kind.
func (s *scanner) skip() {
	switch s.peek() {
	case '{':
		for range s.members {
			s.skip()
		}
	case '[':
		for range s.elements {
			s.skip()
		}
	default:
		s.scalar()
	}
}

// scalar reads past a value that is neither object nor list, and returns the
// framework's name for its kind.
func (s *scanner) scalar() string {
	switch s.peek() {
	case '"':
		s.quoted()
		return "STRING_VALUE"
	case 't':
		s.literal("true")
		return "TRUE_VALUE"
	case 'f':
		s.literal("false")
		return "FALSE_VALUE"
	case 'n':
		s.literal("null")
		return "VALUE_NULL"
	default:
		s.number()
		return "NUMBER_VALUE"
	}
}
