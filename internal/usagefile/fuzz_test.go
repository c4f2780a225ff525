package usagefile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Whatever stands in a file, each of its rows is in one record of the plan, and
// a record that would be told is one that the client lets through.
func FuzzPlan(f *testing.F) {
	f.Add(planHead+"2026-11-22T12:00:00Z,a,,,d,1,\n2026-11-22T12:10:00Z,a,,,d,2,\"{\"\"k\"\":\"\"x\"\"}\"\n", false, true)
	f.Add(`{"time":"2026-11-22T12:00:00Z","customer":"c","dimension":"d","quantity":1,"allocations":[{"Quantity":1,"Tags":[{"Key":"k"}]}]}`, true, true)
	f.Add(`{"time":null,"customer":"c","dimension":{},"quantity":[1]}`, true, false)
	check := checker(f)
	f.Fuzz(func(t *testing.T, text string, lines, sum bool) {
		format := CSV
		if lines {
			format = NDJSON
		}
		file, err := Read(bytes.NewReader([]byte(text)), options(format))
		if err != nil {
			return
		}
		seen := make([]int, len(file.Rows))
		for _, r := range file.Plan(Planning{Sum: sum, Check: check, Destination: "here"}) {
			for _, i := range r.Rows {
				seen[i]++
			}
			if r.Refusal == "" && check(r.Product, &r.Usage) != nil {
				t.Errorf("%+v would be told", r)
			}
			if r.Refusal == "" && len(r.Rows) > 1 && !sum {
				t.Errorf("%+v is a sum", r)
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Errorf("row %d is in %d records", i, n)
			}
		}
	})
}

// A result file that is not ours is refused or read; it never takes us down, and
// what is cut off is never more than an unended line.
func FuzzJournal(f *testing.F) {
	f.Add([]byte("line,verdict\n1,Success\n"), false)
	f.Add([]byte(`{"line":2,"verdict":"Success"}`+"\n"+`{"line":`), true)
	f.Fuzz(func(t *testing.T, text []byte, lines bool) {
		format := CSV
		if lines {
			format = NDJSON
		}
		path := filepath.Join(t.TempDir(), "result")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(path, format)
		if err == nil {
			err = j.Close()
		}
		after, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		whole := text[:bytes.LastIndexByte(text, '\n')+1]
		if err != nil && !bytes.Equal(after, text) {
			t.Errorf("a file that was refused became %q", after)
		}
		if err == nil && !bytes.HasPrefix(after, whole) {
			t.Errorf("%q became %q", text, after)
		}
	})
}
