package wire

import (
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
)

func TestNestingMax(t *testing.T) {
	// nested is a body of n objects or lists in each other.
	nested := func(n int) string {
		return `{"Foo":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	if _, err := DecodeBatchMeterUsage(nested(nestingMax), AWSJSON); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, err := DecodeBatchMeterUsage(nested(nestingMax+1), AWSJSON)
	checkSerialization(t, true, err, notJSON)
	_, err = DecodeBatchMeterUsage(strings.Repeat(`{"Foo":`, api.RequestBytesLimit/7), AWSJSON)
	checkSerialization(t, true, err, notJSON)

	// Neighbours do not add up.
	wide := `{"Foo":[` + strings.Repeat("[],", 2*nestingMax) + `{}]}`
	if _, err := DecodeBatchMeterUsage(wide, AWSJSON); err != nil {
		t.Errorf("wide body: %v", err)
	}
}

func TestShownBytesMax(t *testing.T) {
	for text, shown := range map[string]string{
		strings.Repeat("x", shownBytesMax):          "'" + strings.Repeat("x", shownBytesMax) + "' can not",
		strings.Repeat("x", shownBytesMax+1):        "'" + strings.Repeat("x", shownBytesMax) + "…' can not",
		strings.Repeat("x", shownBytesMax-1) + "üü": "'" + strings.Repeat("x", shownBytesMax-1) + "…' can not",
	} {
		if got := unreadableTime(text); !strings.HasPrefix(got, shown) {
			t.Errorf("message is %q, want it to begin with %q", got, shown)
		}
	}
}

func TestSlabMax(t *testing.T) {
	d := newDecoder(strings.Repeat(" ", 100*slabMax), AWSJSON)
	if n := d.room(100); n != slabMax {
		t.Errorf("room for one in each 100 bytes of %d is %d, want %d", len(d.text), n, slabMax)
	}
	if n := d.room(101); n >= slabMax || n < slabMax-3 {
		t.Errorf("room for one in each 101 bytes of %d is %d", len(d.text), n)
	}
}

func TestExponentMax(t *testing.T) {
	// A mantissa as long as a body can be, brought back by its exponent.
	zeros := strings.Repeat("0", api.RequestBytesLimit)
	for text, want := range map[string]int64{
		"7" + zeros + "e-1048576":         7,
		"0." + zeros + "7e1048577":        7,
		"7" + zeros + "e-99999999999999":  0,
		"0." + zeros + "7e99999999999999": 1<<63 - 1,
	} {
		s := scanner{text: text}
		if got, _ := s.number().scaled(0); got != want {
			t.Errorf("%.3s…%s is read as %d, want %d", text, text[len(text)-18:], got, want)
		}
	}
}
