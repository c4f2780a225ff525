package wire

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads a string. Without escapes it is a part of the document's own
// text and costs no memory, but keeps the whole text alive.
func (s *scanner) quoted() string {
	start := s.pos + 1
	end := start
	for end < len(s.text) && !special[s.text[end]] {
		end++
	}
	s.pos = end
	if s.accept('"') {
		return s.text[start:end]
	}
	return s.unescaped(s.text[start:end])
}

// special are the bytes of a string that do not stand for themselves: its end,
// escapes, and control characters, which JSON does not let in.
var special = func() (set [256]bool) {
	for c := range ' ' {
		set[c] = true
	}
	set['"'], set['\\'] = true, true
	return set
}()

// unescaped reads the rest of a string that is no plain text after head.
func (s *scanner) unescaped(head string) string {
	text := make([]byte, len(head), 2*len(head)+utf8.UTFMax)
	copy(text, head)
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch {
		case c == '"':
			return string(text)
		case c == '\\':
			text = s.escape(text)
		case c < ' ':
			s.fail("")
		default:
			text = append(text, c)
		}
	}
	s.fail("")
	return ""
}

// escape appends what the escape after a backslash stands for.
func (s *scanner) escape(dst []byte) []byte {
	const letters, meanings = `"\/bfnrtu`, "\"\\/\b\f\n\r\t"
	if s.pos < len(s.text) {
		i := strings.IndexByte(letters, s.text[s.pos])
		s.pos++
		switch {
		case 0 <= i && i < len(meanings):
			return append(dst, meanings[i])
		case i == len(meanings):
			return utf8.AppendRune(dst, s.codePoint())
		}
	}
	s.fail("")
	return dst
}

// codePoint reads the digits of a \u escape, and a second escape if both are
// the halves of one character. A half that stands alone is no character and
// becomes U+FFFD, as in every decoder that keeps its texts in UTF-8.
func (s *scanner) codePoint() rune {
	r, ok := hex4(s.text[s.pos:])
	if !ok {
		s.fail("")
		return utf8.RuneError
	}
	s.pos += 4
	if !utf16.IsSurrogate(r) {
		return r
	}
	if rest, found := strings.CutPrefix(s.text[s.pos:], `\u`); found {
		low, _ := hex4(rest)
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			s.pos += len(`\uDC00`)
			return pair
		}
	}
	return utf8.RuneError
}

// hex4 reads the four hexadecimal digits that text must begin with.
func hex4(text string) (r rune, ok bool) {
	if len(text) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:4], 16, 16)
	return rune(n), err == nil
}
