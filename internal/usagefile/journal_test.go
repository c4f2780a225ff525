package usagefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func someResults() []Result {
	return []Result{
		{Line: 2, Verdict: Unknown, Product: "saas", Customer: "c,\"1\"", Dimension: "users", Timestamp: &noon, Quantity: new(int64(7)), Record: "d1", Reason: "r"},
		{Line: 3, Verdict: Refused, Reason: "noon is no time"},
		{Line: 2, Verdict: "Success", MeteringRecordID: "m-1", Product: "saas", Customer: "c,\"1\"", Dimension: "users", Timestamp: &noon, Quantity: new(int64(7)), Record: "d1"},
		{Line: 4, Verdict: Unknown, Account: "222233334444", License: "arn", Dimension: "gb", Timestamp: &noon, Quantity: new(int64(0)), Record: "d2", Reason: "r"},
	}
}

func openJournal(t *testing.T, path string, format Format) *Journal {
	t.Helper()
	j, err := OpenJournal(path, format)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestJournalKeepsWhatItWrote(t *testing.T) {
	for _, format := range []Format{CSV, NDJSON} {
		path := filepath.Join(t.TempDir(), "result")
		all := someResults()
		j := openJournal(t, path, format)
		if err := j.Write(all[:2]); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = openJournal(t, path, format)
		if err := j.Write(all[2:]); err != nil {
			t.Fatal(err)
		}
		want := []Result{all[2], all[1], all[3]}
		got, err := ReadResults(path, format)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", format, err, diff)
		}
		if err := j.Finish(want); err != nil {
			t.Fatal(err)
		}
		got, err = ReadResults(path, format)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s, finished: %v %s", format, err, diff)
		}
		files, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(files) != 1 {
			t.Errorf("%s: %v is left, %v", format, files, err)
		}
	}
}

// writtenOnEvery is at how many bytes a cut file is also written on, because
// that waits for the disk.
const writtenOnEvery = 7

// A crash cuts a file anywhere: what was confirmed before is there, and the file
// can be written on.
func TestJournalCutAtEveryByte(t *testing.T) {
	for _, format := range []Format{CSV, NDJSON} {
		path := filepath.Join(t.TempDir(), "result")
		j := openJournal(t, path, format)
		if err := errors.Join(j.Write(someResults()), j.Close()); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(whole) {
			if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			before, end, err := readResults(path, format)
			want := strings.Count(string(whole[:n]), "\n")
			if err != nil || end != int64(strings.LastIndex(string(whole[:n]), "\n")+1) {
				t.Fatalf("%s cut at %d is whole up to %d, %v", format, n, end, err)
			}
			if format == CSV {
				want--
			}
			if want = max(want, 0); want >= 3 {
				want-- // line 2 is there twice
			}
			if len(before) != want {
				t.Fatalf("%s cut at %d: %d results, want %d", format, n, len(before), want)
			}
			if n%writtenOnEvery != 0 {
				continue
			}
			j := openJournal(t, path, format)
			last := someResults()[3]
			if err := errors.Join(j.Write([]Result{last}), j.Close()); err != nil {
				t.Fatal(err)
			}
			got, err := ReadResults(path, format)
			if err != nil || len(got) == 0 || !cmp.Equal(got[len(got)-1], last) {
				t.Fatalf("%s cut at %d and written on: %+v, %v", format, n, got, err)
			}
		}
	}
}

// Nothing else is taken for a result file, let alone cut.
func TestJournalLeavesOthersAlone(t *testing.T) {
	for name, test := range map[string]struct {
		format Format
		text   string
	}{
		"a word":            {CSV, "hello"},
		"a line":            {CSV, "hello\n"},
		"another table":     {CSV, "a,b\n1,2\n"},
		"no header":         {CSV, "1,Success,m,,,,,,,,,\n"},
		"a bad line":        {CSV, strings.Join(resultHeader, ",") + "\nx,Success,m,,,,,,,,,\n"},
		"a bad time":        {CSV, strings.Join(resultHeader, ",") + "\n1,Success,m,,,,,,noon,,,\n"},
		"a bad number":      {CSV, strings.Join(resultHeader, ",") + "\n1,Success,m,,,,,,,x,,\n"},
		"a JSON line":       {NDJSON, `{"a":1}` + "\n"},
		"an unended object": {NDJSON, `{"a":1}`},
		"no verdict":        {NDJSON, `{"line":1}` + "\n"},
	} {
		path := filepath.Join(t.TempDir(), "other")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenJournal(path, test.format); !errors.Is(err, errNoResult) {
			t.Errorf("%s: error %v", name, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != test.text {
			t.Errorf("%s was changed to %q, %v", name, text, err)
		}
	}
	if _, err := ReadResults(filepath.Join(t.TempDir(), "none"), CSV); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// A name is kept as it is; only what would break the line is not.
func TestNamesAreKept(t *testing.T) {
	r := Result{Line: 2, Verdict: NotSent, Customer: `a  "b", c`, Dimension: "d\r\ne"}
	line, err := appendResult(nil, CSV, &r)
	if err != nil || strings.Count(string(line), "\n") != 1 {
		t.Fatalf("%q, %v", line, err)
	}
	got, ok, err := parseResult(CSV, line)
	r.Dimension = "d  e"
	if diff := cmp.Diff(r, got); diff != "" || !ok || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine("a\r\n b\x00\xff\u2028"); strings.ContainsAny(got, "\r\n") || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
	if got := oneLine(strings.Repeat("ü", reasonBytesMax)); len(got) > reasonBytesMax {
		t.Errorf("%d bytes", len(got))
	}
}
