package scripts

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store/memstore"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func load(t *testing.T) (all []*script) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		s, err := parse(file, readFile(t, file))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestScripts(t *testing.T) {
	all := load(t)
	for _, kind := range mounts {
		t.Run(kind.name, func(t *testing.T) {
			for _, s := range all {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					playAll(t, s, kind)
				})
			}
		})
	}
}

// playAll plays the stories of a script one after the other at one service.
func playAll(t *testing.T, s *script, kind mountKind) {
	m := kind.open(t)
	for i := range s.stories {
		story := &s.stories[i]
		if !story.playedAt(kind) {
			continue
		}
		t.Run(story.title, func(t *testing.T) {
			if err := perform(t.Context(), m, s, story); err != nil {
				t.Errorf("at %s: %v", kind.name, err)
			}
		})
	}
}

func TestEveryRuleIsReached(t *testing.T) {
	reached := map[metering.Rule]bool{}
	m := openLedger(t, memstore.New())
	m.refused = func(rule metering.Rule) { reached[rule] = true }
	for _, s := range load(t) {
		for i := range s.stories {
			if story := &s.stories[i]; story.playedAt(mounts[0]) {
				_ = perform(t.Context(), m, s, story) // what fails is TestScripts' to report
			}
		}
	}
	for _, rule := range metering.Rules {
		if !reached[rule] {
			t.Errorf("no script is refused by rule %s", rule)
		}
	}
}

// unscripted are the facts about rules that no script can show, with what shows
// them.
var unscripted = map[string]string{
	"M0179": "the size of a signing key: internal/ledger",
	"M0185": "what the audit trail keeps: internal/ledger",
}

func TestEveryFactOfTheRulesHasAScript(t *testing.T) {
	cited := map[string]bool{}
	for _, s := range load(t) {
		for _, story := range s.stories {
			facts := regexp.MustCompile(`M0\d{3}`).FindAllString(story.title, -1)
			if len(facts) == 0 {
				t.Errorf("%s: the story %q cites no fact", s.file, story.title)
			}
			for _, fact := range facts {
				cited[fact] = true
			}
		}
	}
	// Facts on rules have numbers from M0101 on; those before are the wire's.
	for _, part := range regexp.MustCompile(`(?m)^### (M01\d\d) (.*)$`).FindAllStringSubmatch(readFile(t, "../docs/facts.md"), -1) {
		if fact := part[1]; cited[fact] == (unscripted[fact] != "") {
			t.Errorf("%s (%s): cited by a script is %t; show it, or say in unscripted what does", fact, part[2], cited[fact])
		}
	}
}

// TestTheExampleOfTheDocumentation plays the first script of the package comment.
func TestTheExampleOfTheDocumentation(t *testing.T) {
	_, example, _ := strings.Cut(readFile(t, "doc.go"), "//\n//\t")
	example, _, _ = strings.Cut(example, "\n//\n// Each line")
	example = strings.ReplaceAll(strings.ReplaceAll(example, "\n//\t", "\n"), "\n//\n", "\n\n")
	s, err := parse("doc.go", example)
	if err != nil || len(s.stories) != 1 {
		t.Fatalf("%v in\n%s", err, example)
	}
	if err := perform(t.Context(), mounts[0].open(t), s, &s.stories[0]); err != nil {
		t.Error(err)
	}
}
