package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// readArgument reads an argument that may say where its text is: file://FILE,
// or - for stdin.
func readArgument(stdin io.Reader, argument string) (text []byte, err error) {
	switch file, isFile := strings.CutPrefix(argument, "file://"); {
	case isFile:
		text, err = os.ReadFile(file)
	case argument == "-":
		text, err = io.ReadAll(stdin)
	default:
		text = []byte(argument)
	}
	return text, err
}

// decodeStrictly reads one JSON value and refuses members that are not known.
func decodeStrictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%s: a %s cannot be a %s", wrong.Field, wrong.Value, wrong.Type)
	case err != nil:
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("there is more after the JSON value")
	}
	return nil
}

// instant is a time as aws-cli takes it: ISO 8601, or seconds since 1970.
type instant time.Time

func (i *instant) UnmarshalJSON(b []byte) error {
	text := string(b)
	if b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	t, err := parseInstant(text)
	*i = instant(t)
	return err
}

// instantLayouts are ISO 8601 with and without a zone; without, it is UTC.
var instantLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", time.DateOnly}

func parseInstant(s string) (time.Time, error) {
	for _, layout := range instantLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(math.Abs(seconds) <= 1e11) { // nor NaN
		return time.Time{}, fmt.Errorf("%q is not a time such as 2026-11-22T00:54:00Z or 1795308840", s)
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
}

// timeText writes a time as aws-cli does.
func timeText(t time.Time) string {
	if t.Nanosecond() != 0 {
		return t.UTC().Format("2006-01-02T15:04:05.000000-07:00")
	}
	return t.UTC().Format("2006-01-02T15:04:05-07:00")
}
