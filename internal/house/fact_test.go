package house

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/metering"
)

const factsFile = "docs/facts.md"

// fact is an entry of the register.
type fact struct {
	id, title  string
	sureness   []string
	switches   []string
	source, in string
}

var (
	factID    = regexp.MustCompile(`\bM0\d{3}\b`)
	factTitle = regexp.MustCompile(`^### (M0\d{3}) (.+)$`)
	factLast  = regexp.MustCompile("^\\*([a-z, ]+)\\* · (?:switch (`[A-Za-z`, ]+`) · )?source: (.+) · in (.+)$")

	surenesses = []string{"documented", "measured", "observed", "secondary", "typical", "default"}
)

// register reads the entries of the register in order.
func register(t *testing.T, text string) []fact {
	t.Helper()
	var list []fact
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := factTitle.FindStringSubmatch(line); m != nil {
			list = append(list, fact{id: m[1], title: m[2]})
		}
		if m := factLast.FindStringSubmatch(line); m != nil && len(list) > 0 {
			f := &list[len(list)-1]
			if f.source != "" {
				t.Errorf("%s has two last lines", f.id)
			}
			f.sureness, f.source, f.in = strings.Split(m[1], ", "), m[3], m[4]
			if m[2] != "" {
				f.switches = strings.Split(strings.ReplaceAll(m[2], "`", ""), ", ")
			}
		}
	}
	return list
}

func TestFactsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range register(t, read(t, factsFile)) {
		if seen[f.id] {
			t.Errorf("%s is in %s twice", f.id, factsFile)
		}
		seen[f.id] = true
		if f.source == "" {
			t.Errorf("%s does not end with *sureness* · source: … · in …", f.id)
		}
		for _, s := range f.sureness {
			if !slices.Contains(surenesses, s) {
				t.Errorf("%s is %q, which is none of %s", f.id, s, strings.Join(surenesses, ", "))
			}
		}
		// What is unknown is our default, and says so.
		if unknown := strings.Contains(f.source, "unknown"); unknown && !slices.Contains(f.sureness, "default") {
			t.Errorf("%s names something unknown in its source and is not a default", f.id)
		}
	}
}

// citations returns which files cite each fact: code, and what else does, such
// as tests, scripts and documents.
func citations(t *testing.T) (code, others map[string][]string) {
	t.Helper()
	code, others = map[string][]string{}, map[string][]string{}
	for _, path := range files(t, ".go", ".txt", ".md") {
		if strings.HasPrefix(path, "internal/house/") || path == factsFile {
			continue
		}
		in := others
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			in = code
		}
		for _, id := range factID.FindAllString(read(t, path), -1) {
			if !slices.Contains(in[id], path) {
				in[id] = append(in[id], path)
			}
		}
	}
	return code, others
}

func TestFactsAreCited(t *testing.T) {
	text := read(t, factsFile)
	code, others := citations(t)
	known := map[string]bool{}
	for _, f := range register(t, text) {
		known[f.id] = true
		if len(code[f.id]) == 0 {
			t.Errorf("%s (%s) is cited nowhere in the code; cite it or remove it", f.id, f.title)
		}
	}
	for _, cited := range []map[string][]string{code, others} {
		for id, paths := range cited {
			if !known[id] {
				t.Errorf("%s is cited in %s and not in %s", id, strings.Join(paths, ", "), factsFile)
			}
		}
	}
	keep(t, factsFile, withPlaces(text, code))
}

// withPlaces sets the last part of each entry, the files that cite it.
func withPlaces(text string, cited map[string][]string) string {
	var b strings.Builder
	id := ""
	for line := range strings.Lines(text) {
		if m := factTitle.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			id = m[1]
		}
		if factLast.MatchString(strings.TrimSuffix(line, "\n")) {
			line = line[:strings.LastIndex(line, " · in ")] + " · in " + places(cited[id]) + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

func places(paths []string) string {
	if len(paths) == 0 {
		return "?"
	}
	short := make([]string, len(paths))
	for i, path := range paths {
		short[i] = "`" + strings.TrimPrefix(path, "internal/") + "`"
	}
	slices.Sort(short)
	return strings.Join(short, ", ")
}

func TestSwitchesRestOnFacts(t *testing.T) {
	text := read(t, factsFile)
	told := map[string][]string{}
	for _, f := range register(t, text) {
		told[f.id] = f.switches
	}
	for _, s := range metering.Switches {
		at := slices.Index(told[s.Fact], s.Name)
		if at < 0 {
			t.Errorf("switch %s rests on %s, whose entry does not name it", s.Name, s.Fact)
			continue
		}
		told[s.Fact] = slices.Delete(told[s.Fact], at, at+1)
	}
	for id, names := range told {
		for _, name := range names {
			t.Errorf("%s names the switch %s, which does not rest on it", id, name)
		}
	}
	keep(t, factsFile, generated(t, text, "switches", switchTable(t)))
}

// switchTable tells what each profile has each switch at.
func switchTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "| switch | %s | decides | fact |\n", strings.Join(metering.ProfileNames, " | "))
	fmt.Fprintf(&b, "|---|%s---|---|\n", strings.Repeat("---|", len(metering.ProfileNames)))
	for _, s := range metering.Switches {
		fmt.Fprintf(&b, "| `%s` |", s.Name)
		for _, name := range metering.ProfileNames {
			p, err := metering.ProfileNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, " %s |", s.Value(&p))
		}
		fmt.Fprintf(&b, " %s | %s |\n", s.Doc, s.Fact)
	}
	return b.String()
}
