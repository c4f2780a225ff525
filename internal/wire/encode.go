package wire

import (
	"strconv"
	"unicode/utf8"
)

// appendComma separates list elements: one goes before each but the first.
func appendComma(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}

// appendKey starts a member, which is the first of its object if the brace is
// all that stands there.
func appendKey(dst []byte, key string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, key...)
	return append(dst, `":`...)
}

// appendText writes a member unless its value is empty: M0019, no answer has a
// null.
func appendText(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(appendKey(dst, key), value)
}

// appendOptional writes a member unless it is absent.
func appendOptional(dst []byte, key string, value *string) []byte {
	if value == nil {
		return dst
	}
	return appendString(appendKey(dst, key), *value)
}

func appendInteger(dst []byte, key string, value *int64) []byte {
	if value == nil {
		return dst
	}
	return strconv.AppendInt(appendKey(dst, key), *value, 10)
}

// appendString writes s as a JSON string. What JSON lets through stays as it
// is, but for U+2028 and U+2029, which end a line in older JavaScript. A byte
// that is not UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf && !special[c] {
			i++
			continue
		}
		dst = append(dst, s[done:i]...)
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		dst = appendRune(dst, r)
		i += size
		done = i
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}

// appendRune writes one character, escaped if it must be.
func appendRune(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	switch {
	case r == '"', r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r < ' ':
		return append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
	case r == '\u2028':
		return append(dst, `\u2028`...)
	case r == '\u2029':
		return append(dst, `\u2029`...)
	}
	return utf8.AppendRune(dst, r)
}
