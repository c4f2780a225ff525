package wire

import (
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestTimestamps(t *testing.T) {
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.UTC()
	}
	first, last := at("0001-01-01T00:00:00Z"), at("9999-12-31T23:59:59.999Z")
	tests := []struct {
		value string
		want  time.Time
	}{
		// Numbers, in both dialects.
		{`1795307445`, at("2026-11-22T00:30:45Z")},
		{`1795307445.123`, at("2026-11-22T00:30:45.123Z")},
		{`1795307445.5`, at("2026-11-22T00:30:45.5Z")},
		{`1795307445.000`, at("2026-11-22T00:30:45Z")},
		{`1788258030.456`, at("2026-09-01T10:20:30.456Z")},
		{`1.788258030456E9`, at("2026-09-01T10:20:30.456Z")},
		{`1788258030456e-3`, at("2026-09-01T10:20:30.456Z")},
		{`1795307445.1239999999`, at("2026-11-22T00:30:45.123Z")},
		{`1795307445.0009999`, at("2026-11-22T00:30:45Z")},
		{`0`, at("1970-01-01T00:00:00Z")},
		{`-0`, at("1970-01-01T00:00:00Z")},
		{`-1`, at("1969-12-31T23:59:59Z")},
		{`-0.5`, at("1969-12-31T23:59:59.5Z")},
		{`-0.0001`, at("1969-12-31T23:59:59.999Z")},
		{`-1.0001`, at("1969-12-31T23:59:58.999Z")},
		{`-1.001`, at("1969-12-31T23:59:58.999Z")},
		{`1e-400`, at("1970-01-01T00:00:00Z")},
		{`253402300799.999`, last},
		{`253402300800`, last},
		{`1795307445123`, last},
		{`1e400`, last},
		{`9223372036854775808`, last},
		{`-62135596800`, first},
		{`-62135596800.1`, first},
		{`-62135596801`, first},
		{`-1e400`, first},
		{`-9223372036854775809.5`, first},

		// Texts, in PlainJSON.
		{`"2026-11-22T00:30:45Z"`, at("2026-11-22T00:30:45Z")},
		{`"2026-11-22T00:30:45.123Z"`, at("2026-11-22T00:30:45.123Z")},
		{`"2026-11-22T00:30:45.1Z"`, at("2026-11-22T00:30:45.1Z")},
		{`"2026-11-22T00:30:45.12Z"`, at("2026-11-22T00:30:45.12Z")},
		{`"2026-11-22T00:30:45.123456789Z"`, at("2026-11-22T00:30:45.123Z")},
		{`"2026-11-22T00:30:45.9999Z"`, at("2026-11-22T00:30:45.999Z")},
		{`"1969-12-31T23:59:59.9999Z"`, at("1969-12-31T23:59:59.999Z")},
		{`"2026-11-22T02:30:45+02:00"`, at("2026-11-22T00:30:45Z")},
		{`"2026-11-21T19:30:45.5-05:00"`, at("2026-11-22T00:30:45.5Z")},
		{`"2026-11-21T19:30:45-0500"`, at("2026-11-22T00:30:45Z")},
		{`"2026-11-22T06:00:45+0530"`, at("2026-11-22T00:30:45Z")},
		{`"2026-11-22T00:30:45+00:00"`, at("2026-11-22T00:30:45Z")},
		{`"2026-11-22T00:30:45-00:00"`, at("2026-11-22T00:30:45Z")},
		{`"2026-11-22T23:59:45+23:59"`, at("2026-11-22T00:00:45Z")},
		{`"2024-02-29T00:00:00Z"`, at("2024-02-29T00:00:00Z")},
		{`"2026-11-22T00:30:45\u005a"`, at("2026-11-22T00:30:45Z")},
		{`"0000-01-01T00:00:00Z"`, first},
		{`"0001-01-01T00:00:00+01:00"`, first},
		{`"9999-12-31T23:59:59.9999-01:00"`, last},
	}
	for _, test := range tests {
		for _, dialect := range []Dialect{AWSJSON, PlainJSON} {
			if strings.HasPrefix(test.value, `"`) && dialect == AWSJSON {
				continue // Refused; see TestMalformedBatches.
			}
			got, err := DecodeMeterUsage(`{"Timestamp":`+test.value+`}`, dialect)
			if err != nil {
				t.Errorf("%s %s: %v", dialect, test.value, err)
				continue
			}
			if *got.Timestamp != test.want {
				t.Errorf("%s %s: got %s, want %s", dialect, test.value, got.Timestamp.Format(time.RFC3339Nano), test.want.Format(time.RFC3339Nano))
			}
		}
	}
}

func TestUnreadableTimestamps(t *testing.T) {
	for _, text := range []string{
		"", "now", "yesterday", "1795307445", "1795307445.123",
		"2026-11-22", "2026-11-22T00:30Z", "2026-11-22T00:30:45", "2026-11-22T00:30:45.123",
		"2026-11-22 00:30:45Z", "2026-11-22t00:30:45Z", "2026-11-22T00:30:45z", "20261122T003045Z",
		"2026-13-22T00:30:45Z", "2026-00-22T00:30:45Z", "2026-11-31T00:30:45Z", "2026-11-00T00:30:45Z", "2025-02-29T00:00:00Z",
		"2026-11-22T24:00:00Z", "2026-11-22T00:60:00Z", "2026-11-22T00:30:60Z",
		"2026-11-22T00:30:45.Z", "2026-11-22T00:30:45,5Z", "2026-11-22T00:30:45.1234567890Z", "2026-11-22T00:30:45.12x",
		"2026-11-22T00:30:45ZZ", " 2026-11-22T00:30:45Z", "2026-11-22T00:30:45Z ", "2026-11-22T00:30:45 Z",
		"2026-11-22T00:30:45+2", "2026-11-22T00:30:45+02", "2026-11-22T00:30:45+02:0", "2026-11-22T00:30:45+24:00",
		"2026-11-22T00:30:45+02:60", "2026-11-22T00:30:45 02:00", "2026-11-22T00:30:45+-2:00", "2026-11-22T00:30:45+0a00",
		"2026-11-22T00:30:45+02:000", "2026-11-22T00:30:45UTC", "-026-11-22T00:30:45Z", "2026-1-22T00:30:45Z", "２026-11-22T00:30:45Z",
		"Sun, 22 Nov 2026 00:30:45 GMT",
	} {
		got, err := DecodeMeterUsage(`{"Timestamp":"`+text+`"}`, PlainJSON)
		checkSerialization(t, got == nil, err, "'"+text+"' can not be converted to a timestamp; expected ISO 8601 with an offset, as in 2025-01-15T10:30:45Z, or seconds since the epoch")
	}
}

func TestAppendTime(t *testing.T) {
	tests := []struct {
		milli      int64
		aws, plain string
	}{
		{1788258030000, `1788258030`, `"2026-09-01T10:20:30Z"`},
		{1788258030456, `1788258030.456`, `"2026-09-01T10:20:30.456Z"`},
		{1788258030500, `1788258030.5`, `"2026-09-01T10:20:30.500Z"`},
		{1788258030050, `1788258030.05`, `"2026-09-01T10:20:30.050Z"`},
		{1788258030001, `1788258030.001`, `"2026-09-01T10:20:30.001Z"`},
		{0, `0`, `"1970-01-01T00:00:00Z"`},
		{1, `0.001`, `"1970-01-01T00:00:00.001Z"`},
		{-1, `-0.001`, `"1969-12-31T23:59:59.999Z"`},
		{-500, `-0.5`, `"1969-12-31T23:59:59.500Z"`},
		{-1000, `-1`, `"1969-12-31T23:59:59Z"`},
		{-1500, `-1.5`, `"1969-12-31T23:59:58.500Z"`},
		{firstMilli, `-62135596800`, `"0001-01-01T00:00:00Z"`},
		{lastMilli, `253402300799.999`, `"9999-12-31T23:59:59.999Z"`},
		{lastMilli + 1, `253402300799.999`, `"9999-12-31T23:59:59.999Z"`},
	}
	for _, test := range tests {
		// Another zone and less than a millisecond must not show.
		at := time.UnixMilli(test.milli).In(time.FixedZone("", 3600)).Add(999999)
		if got := string(appendTime(nil, at, AWSJSON)); got != test.aws {
			t.Errorf("%d in AWSJSON is %s, want %s", test.milli, got, test.aws)
		}
		if got := string(appendTime(nil, at, PlainJSON)); got != test.plain {
			t.Errorf("%d in PlainJSON is %s, want %s", test.milli, got, test.plain)
		}
	}
}

// FuzzTimestamps holds texts against the standard library's reading of RFC
// 3339, numbers against exact arithmetic, and both writings against a second
// reading.
func FuzzTimestamps(f *testing.F) {
	for _, seed := range []string{
		"2026-11-22T00:30:45Z", "2026-11-22T00:30:45.123456789+05:30", "2026-11-22T00:30:45-0500", "0000-01-01T00:00:00+23:59", "2024-02-30T00:00:00Z",
		"1795307445.123", "-0.0001", "1.788258030456E9", "-9223372036854775809.5", "1e400", "12e-5",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkTimeOfText(t, text)
		checkTimeOfNumber(t, text)
	})
}

func checkTimeOfText(t *testing.T, text string) {
	got, ok := timeOfText(text)
	// The standard library lets in some more, but knows no offset without a
	// colon.
	want, err := time.Parse(time.RFC3339Nano, withColon(text))
	if ok {
		if err != nil || got != timeOf(want.UnixMilli()) {
			t.Errorf("%q is read as %s, want %s, error %v", text, got, want, err)
		}
		checkRewriting(t, got)
	}
	if want = want.UTC(); err == nil && 0 <= want.Year() && want.Year() <= 9999 {
		standard := want.Format(time.RFC3339Nano)
		if got, ok := timeOfText(standard); !ok || got != timeOf(want.UnixMilli()) {
			t.Errorf("%q is read as %s, %v", standard, got, ok)
		}
	}
}

func withColon(text string) string {
	if n := len(text) - len("+hhmm"); n > 0 && (text[n] == '+' || text[n] == '-') && !strings.Contains(text[n:], ":") {
		return text[:n+3] + ":" + text[n+3:]
	}
	return text
}

func checkTimeOfNumber(t *testing.T, text string) {
	s := scanner{text: text}
	if c := s.peek(); !startsNumber(c) || s.pos > 0 {
		return
	}
	n := s.number()
	if s.err != nil || s.pos < len(text) || len(n.exponent) > 4 {
		return // The exact arithmetic cannot take exponents of any size.
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no number to math/big", text)
	}
	exact.Mul(exact, big.NewRat(1000, 1))
	floor := new(big.Int).Div(exact.Num(), exact.Denom())
	want := int64(lastMilli)
	if floor.Sign() < 0 {
		want = firstMilli
	}
	if floor.IsInt64() {
		want = bounded(floor.Int64())
	}
	got := timeOfNumber(n)
	if got.UnixMilli() != want {
		t.Errorf("%s is read as %d ms, want %d ms", text, got.UnixMilli(), want)
	}
	checkRewriting(t, got)
}

func checkRewriting(t *testing.T, at time.Time) {
	for _, dialect := range []Dialect{AWSJSON, PlainJSON} {
		body := `{"Timestamp":` + string(appendTime(nil, at, dialect)) + `}`
		again, err := DecodeMeterUsage(body, dialect)
		if err != nil || *again.Timestamp != at {
			t.Errorf("%s: %s is read as %+v (%v), want %s", dialect, body, again, err, at)
		}
	}
}
