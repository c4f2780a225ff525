package sellertest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestScripts plays the stories of testdata/*.txt, each in a bubble of its own.
// How they are written stands in testdata/README.md.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		start, stories := parse(file, string(text))
		for _, story := range stories {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+story.title, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { perform(t, start, story.lines) })
			})
		}
	}
}

// story is a scenario of a script.
type story struct {
	title string
	lines []line
}

// line is what happens, and what must come of it.
type line struct {
	place       string
	words, want []string
	// inner are the indented lines below.
	inner []string
}

// parse takes a script apart. The lines above the first story are how each of
// them begins.
func parse(file, text string) (start []line, stories []story) {
	lines := &start
	for i, text := range strings.Split(text, "\n") {
		text, _, _ = strings.Cut(text, " # ")
		title, heads := strings.CutPrefix(text, "== ")
		switch {
		case heads:
			stories = append(stories, story{title: title})
			lines = &stories[len(stories)-1].lines
		case strings.HasPrefix(text, "#") || strings.TrimSpace(text) == "":
		case text[0] == ' ':
			above := &(*lines)[len(*lines)-1]
			above.inner = append(above.inner, strings.Join(strings.Fields(text), " "))
		default:
			words, want, _ := strings.Cut(text, "->")
			*lines = append(*lines, line{place: fmt.Sprintf("%s:%d", file, i+1), words: strings.Fields(words), want: strings.Fields(want)})
		}
	}
	return start, stories
}

// perform plays a story, and at its end holds the books against one another.
func perform(t *testing.T, start, lines []line) {
	rng := rand.New(rand.NewPCG(1, 3))
	b := newBubble(t, rng)
	p := &play{world: &world{T: t, stage: b, rng: rng, books: newBooks()}}
	p.setClock(starts[0])
	p.startService()
	p.startAgent()
	for _, l := range append(start, lines...) {
		if err := p.do(l); err != nil {
			t.Fatalf("%s: %s: %v", l.place, strings.Join(l.words, " "), err)
		}
	}
	p.compare()
}
