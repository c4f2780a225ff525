package main

import (
	"strings"
	"testing"
	"time"
)

func TestShorthand(t *testing.T) {
	for text, want := range map[string]string{
		"A=b":                      `{"A":"b"}`,
		"A=b,C=d":                  `{"A":"b","C":"d"}`,
		"A=":                       `{"A":""}`,
		"A=b=c:/d":                 `{"A":"b=c:/d"}`,
		"A='b,c',D=\"e]f\"":        `{"A":"b,c","D":"e]f"}`,
		`A=b\,c`:                   `{"A":"b,c"}`,
		"Quantity=3":               `{"Quantity":3}`,
		"Quantity=-3":              `{"Quantity":-3}`,
		"A=[]":                     `{"A":[]}`,
		"A=[b,c]":                  `{"A":["b","c"]}`,
		"A=[{B=c,D=[{E=f}]},{B=}]": `{"A":[{"B":"c","D":[{"E":"f"}]},{"B":""}]}`,
		"A={B=c}":                  `{"A":{"B":"c"}}`,
	} {
		got, err := parseShorthand(text)
		if err != nil || string(got) != want {
			t.Errorf("%s is %s, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":             "character 1: expected Name=value",
		"A":            "character 1: expected Name=value",
		"=b":           "character 1: expected Name=value",
		"A=b,":         "character 5: expected Name=value",
		"A=b,A=c":      "A is there twice",
		"A='b":         "expected a closing '",
		"A=[b":         "expected a comma or ]",
		"A={B=c":       "expected a comma or }",
		"A=[{B=c]":     "expected a comma or }",
		"A='b'c":       "character 6: expected a comma or the end",
		"A=[b]c":       "character 6: expected a comma or the end",
		"Quantity=3.5": `Quantity: "3.5" is not a whole number`,
	} {
		if got, err := parseShorthand(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %s, %v; want an error with %q", text, got, err, want)
		}
	}
}

func FuzzShorthand(f *testing.F) {
	f.Add("A=b,C=[{D=e}],F='g'")
	f.Fuzz(func(t *testing.T, text string) {
		if out, err := parseShorthand(text); err == nil && len(out) == 0 {
			t.Errorf("%q is nothing", text)
		}
	})
}

func TestInstant(t *testing.T) {
	want := time.Date(2026, 11, 22, 0, 54, 0, 0, time.UTC)
	for _, text := range []string{
		"2026-11-22T00:54:00Z", "2026-11-22T00:54:00", "2026-11-22 00:54:00", "2026-11-22T00:54",
		"2026-11-22T02:54:00+02:00", "2026-11-22T00:54:00.000Z", "1795308840", "1795308840.0", "1.79530884e9",
	} {
		if got, err := parseInstant(text); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if got, err := parseInstant("1795308840.123"); err != nil || !got.Equal(want.Add(123*time.Millisecond)) {
		t.Errorf("milliseconds are %v, %v", got, err)
	}
	for _, text := range []string{"", "noon", "2026-11-31T00:00:00Z", "1e300", "NaN", "2026-11-22T00:54:00 Z"} {
		if got, err := parseInstant(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
