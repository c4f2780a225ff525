package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/mistake"
)

// TestWrongCatalogs reads every catalog of testdata/wrong and compares all of
// what Parse says about it with what stands after it.
func TestWrongCatalogs(t *testing.T) {
	paths, err := filepath.Glob("testdata/wrong/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, path := range paths {
		for _, c := range wrongCatalogs(t, path) {
			cases++
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txt")+"/"+c.name, func(t *testing.T) {
				if diff := cmp.Diff(c.want, mistakesIn(t, c.source)); diff != "" {
					t.Errorf("mistakes (-want +got):\n%s", diff)
				}
			})
		}
	}
	if cases < 60 {
		t.Errorf("there are %d wrong catalogs; 60 were promised", cases)
	}
}

type wrongCatalog struct{ name, source, want string }

var sectionHead = regexp.MustCompile(`(?m)^-- ([a-z0-9-]+)\.(yaml|want) --\n`)

// wrongCatalogs splits a file into its sections, which alternate between a
// catalog and the mistakes in it.
func wrongCatalogs(t testing.TB, path string) []wrongCatalog {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []wrongCatalog
	heads := sectionHead.FindAllSubmatchIndex(text, -1)
	for i, head := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		name, section, body := string(text[head[2]:head[3]]), string(text[head[4]:head[5]]), string(text[head[1]:end])
		switch {
		case i%2 == 0 && section == "yaml":
			all = append(all, wrongCatalog{name: name, source: body})
		case i%2 == 1 && section == "want" && all[len(all)-1].name == name:
			all[len(all)-1].want = body
		default:
			t.Fatalf("%s: section %s.%s is out of order", path, name, section)
		}
	}
	return all
}

var withPlace = regexp.MustCompile(`^catalog\.yaml:[1-9][0-9]*:[1-9][0-9]*: .`)

// mistakesIn returns what Parse says about a wrong catalog. Whatever it is, it
// has a line and holds no secret.
func mistakesIn(t *testing.T, source string) string {
	t.Helper()
	state, err := Parse([]byte(source), testOptions())
	if err == nil {
		t.Fatalf("the catalog was accepted: %+v", state)
	}
	var all *mistake.List
	if !errors.As(err, &all) {
		t.Fatalf("the error is no *mistake.List: %v", err)
	}
	for line := range strings.Lines(err.Error()) {
		if !withPlace.MatchString(line) {
			t.Errorf("no place in %q", line)
		}
		if strings.Contains(line, "SECRET") {
			t.Errorf("a secret is told: %q", line)
		}
	}
	return err.Error() + "\n"
}
