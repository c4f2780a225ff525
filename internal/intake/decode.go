package intake

import "unicode/utf8"

// Decode appends to dst what a body tells: one event, or an array of them.
func Decode(dst []Event, body string) ([]Event, error) {
	return decode(dst, body, func(s *scanner, e *Event) {
		s.event(e)
		e.check()
	})
}

// decode reads one object or an array of them.
func decode(dst []Event, body string, read func(*scanner, *Event)) ([]Event, error) {
	if !utf8.ValidString(body) {
		return dst, &MalformedError{invalidAt(body)}
	}
	s := &scanner{text: body}
	if s.peek() != '[' {
		dst = append(dst, Event{})
		read(s, &dst[len(dst)-1])
		return dst, s.end()
	}
	for range s.elements {
		dst = append(dst, Event{})
		read(s, &dst[len(dst)-1])
	}
	return dst, s.end()
}

// invalidAt is the first byte that is not UTF-8.
func invalidAt(body string) int {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRuneInString(body[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(body)
}
