package wire

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The first and the last millisecond that both dialects can write, years 0001
// to 9999. Times beyond become these, which no rule accepts.
const (
	firstMilli = -62_135_596_800_000
	lastMilli  = 253_402_300_799_999
)

func bounded(milli int64) int64 { return min(max(milli, firstMilli), lastMilli) }

func timeOf(milli int64) time.Time { return time.UnixMilli(bounded(milli)).UTC() }

// timeOfNumber reads seconds since the epoch. What is finer than a millisecond
// is cut off towards the past, before the epoch too: no time moves into
// another millisecond's future.
func timeOfNumber(seconds number) time.Time {
	milli, cut := seconds.scaled(3)
	milli = bounded(milli)
	if cut && seconds.negative {
		milli--
	}
	return timeOf(milli)
}

// timeOfText reads the forms of ISO 8601 that clients send (M0016),
//
//	2025-01-15T10:30:45[.f](Z|±hh:mm|±hhmm)
//
// with 1 to 9 digits f. The offset must be there: a guess at it would book
// usage in the wrong hour.
func timeOfText(text string) (t time.Time, ok bool) {
	const clock = "2006-01-02T15:04:05"
	if len(text) < len(clock) {
		return t, false
	}
	seconds, ok := secondsOfClock(text[:len(clock)])
	if !ok {
		return t, false
	}
	milli, zone, ok := fraction(text[len(clock):])
	if !ok {
		return t, false
	}
	offset, ok := secondsOfZone(zone)
	return timeOf((seconds-offset)*1000 + milli), ok
}

// secondsOfClock reads a date and a time of day as if they were in UTC.
func secondsOfClock(text string) (seconds int64, ok bool) {
	var n [6]int
	const pattern = "0000-11-22T33:44:55"
	for i := range len(pattern) {
		switch c := text[i]; {
		case isDigit(pattern[i]) && isDigit(c):
			n[pattern[i]-'0'] = 10*n[pattern[i]-'0'] + int(c-'0')
		case c != pattern[i] || isDigit(c):
			return 0, false
		}
	}
	year, month, day, hour, minute, second := n[0], time.Month(n[1]), n[2], n[3], n[4], n[5]
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	// time.Date carries over what a month, day or hour does not have.
	valid := t.Month() == month && t.Day() == day && t.Hour() == hour && minute < 60 && second < 60
	return t.Unix(), valid
}

// fraction splits a decimal fraction of a second off, in milliseconds.
func fraction(text string) (milli int64, rest string, ok bool) {
	digits, found := strings.CutPrefix(text, ".")
	if !found {
		return 0, text, true
	}
	n := 0
	for ; n < len(digits) && isDigit(digits[n]); n++ {
		if n < 3 {
			milli = 10*milli + int64(digits[n]-'0')
		}
	}
	for i := n; i < 3; i++ {
		milli *= 10
	}
	return milli, digits[n:], 1 <= n && n <= 9
}

// secondsOfZone reads an offset from UTC.
func secondsOfZone(text string) (seconds int64, ok bool) {
	if text == "Z" {
		return 0, true
	}
	if len(text) == len("+hh:mm") && text[3] == ':' {
		text = text[:3] + text[4:]
	}
	if len(text) != len("+hhmm") || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[1:], 10, 16)
	hours, minutes := int64(n/100), int64(n%100)
	seconds = hours*3600 + minutes*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, err == nil && hours < 24 && minutes < 60
}

// unreadableTime is the message for a text that timeOfText does not know.
func unreadableTime(text string) string {
	const form = "' can not be converted to a timestamp; expected ISO 8601 with an offset, as in 2025-01-15T10:30:45Z, or seconds since the epoch"
	if len(text) > shownBytesMax {
		end := shownBytesMax
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + "…"
	}
	return "'" + text + form
}

// appendTime writes t to the millisecond, in AWSJSON as seconds without an
// exponent and with no more digits than it takes (M0014).
func appendTime(dst []byte, t time.Time, d Dialect) []byte {
	milli := bounded(t.UnixMilli())
	if d == PlainJSON {
		return appendISO8601(dst, milli)
	}
	if milli < 0 {
		dst = append(dst, '-')
		milli = -milli
	}
	dst = strconv.AppendInt(dst, milli/1000, 10)
	if milli%1000 == 0 {
		return dst
	}
	dst = appendMilli(dst, milli%1000)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendISO8601 writes three digits of a fraction or none, as JavaScript and
// every SDK read it.
func appendISO8601(dst []byte, milli int64) []byte {
	t := timeOf(milli)
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, "2006-01-02T15:04:05")
	if fraction := t.Nanosecond() / int(time.Millisecond); fraction > 0 {
		dst = appendMilli(dst, int64(fraction))
	}
	return append(dst, `Z"`...)
}

// appendMilli writes a point and three digits.
func appendMilli(dst []byte, milli int64) []byte {
	return append(dst, '.', '0'+byte(milli/100), '0'+byte(milli/10%10), '0'+byte(milli%10))
}
