package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/mistake"
)

// FuzzParse: whatever the file is, Parse does not panic; a mistake has a line;
// what is accepted makes a market and survives an export.
func FuzzParse(f *testing.F) {
	f.Add([]byte(DemoSource))
	f.Add([]byte("sellers: []"))
	for _, path := range []string{"testdata/design.yaml", "testdata/export.yaml"} {
		source, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	paths, err := filepath.Glob("testdata/wrong/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		for _, c := range wrongCatalogs(f, path) {
			f.Add([]byte(c.source))
		}
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		// No key files: making keys is slow under the fuzzer.
		state, err := Parse(source, Options{Now: now})
		if err != nil {
			checkMistakes(t, err)
			return
		}
		if _, err := marketplace.NewMarket(state); err != nil {
			t.Fatalf("NewMarket refuses it: %v", err)
		}
		written, err := Format(state)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written, Options{})
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		if diff := cmp.Diff(state, again); diff != "" {
			t.Fatalf("state (-first +second):\n%s", diff)
		}
	})
}

func checkMistakes(t *testing.T, err error) {
	var found *mistake.List
	if !errors.As(err, &found) || len(found.Mistakes) == 0 {
		t.Fatalf("no mistake is told: %v", err)
	}
	line := 1
	for _, m := range found.Mistakes {
		if m.Line < line || m.Column < 1 || m.Text == "" {
			t.Fatalf("the mistake %+v comes after line %d", m, line)
		}
		line = m.Line
	}
}
