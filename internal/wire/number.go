package wire

import "math"

// number is a JSON number taken apart: runs of digits, the exponent with its
// sign. Of those that are not there the strings are empty.
type number struct {
	negative                    bool
	integer, fraction, exponent string
}

// number reads a number.
func (s *scanner) number() (n number) {
	n.negative = s.accept('-')
	start := s.pos
	if !s.accept('0') {
		s.digits()
	}
	n.integer = s.text[start:s.pos]
	if s.accept('.') {
		n.fraction = s.digits()
	}
	if s.accept('e') || s.accept('E') {
		start = s.pos
		_ = s.accept('+') || s.accept('-')
		s.digits()
		n.exponent = s.text[start:s.pos]
	}
	return n
}

// digits reads one digit or more.
func (s *scanner) digits() string {
	start := s.pos
	for s.pos < len(s.text) && isDigit(s.text[s.pos]) {
		s.pos++
	}
	if s.pos == start {
		s.fail("")
		return ""
	}
	return s.text[start:s.pos]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// startsNumber reports whether a token that begins with c can only be a number.
func startsNumber(c byte) bool { return c == '-' || isDigit(c) }

// scaled returns n × 10^shift as an integer. A remaining fraction is cut off,
// towards zero, as the framework does with 1.5 for an integer (M0029); cut says
// that there was one. What is out of range saturates, so that it is the rules
// that refuse it.
func (n number) scaled(shift int) (i int64, cut bool) {
	magnitude, cut := n.magnitude(shift)
	switch {
	case !n.negative:
		return int64(min(magnitude, math.MaxInt64)), cut
	case magnitude > math.MaxInt64:
		return math.MinInt64, cut
	}
	return -int64(magnitude), cut
}

// magnitude works on the digits: a float64 could not hold every int64, and has
// no exact 1788258030.456.
func (n number) magnitude(shift int) (m uint64, cut bool) {
	wanted := len(n.integer) + shift + exponentOf(n.exponent)
	for _, digits := range [...]string{n.integer, n.fraction} {
		for i := range len(digits) {
			if wanted > 0 {
				m = appendDigit(m, uint64(digits[i]-'0'))
			} else if digits[i] > '0' {
				cut = true
			}
			wanted--
		}
	}
	for ; wanted > 0 && 0 < m && m < magnitudeMax; wanted-- {
		m = appendDigit(m, 0)
	}
	return m, cut
}

// magnitudeMax is that of the lowest int64.
const magnitudeMax = 1 << 63

func appendDigit(m, digit uint64) uint64 {
	if m > (magnitudeMax-digit)/10 {
		return magnitudeMax
	}
	return 10*m + digit
}

// exponentOf reads an exponent, or about the first ones past exponentMax.
func exponentOf(text string) (exponent int) {
	for i := 0; i < len(text) && exponent < exponentMax; i++ {
		if isDigit(text[i]) {
			exponent = 10*exponent + int(text[i]-'0')
		}
	}
	if text != "" && text[0] == '-' {
		return -exponent
	}
	return exponent
}
