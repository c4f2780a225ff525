package scripts

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// script is one file of stories.
type script struct {
	// file is the name in messages, name that of the test.
	file, name string
	// start is how each story begins.
	start   []line
	stories []story
}

// story is one scenario: it begins with empty books.
type story struct {
	title string
	// only lists the mounts that it is played at; empty: all.
	only  []string
	lines []line
}

// line is one line of a script with the indented ones below it.
type line struct {
	// place is file and number, text the line as it stands there: for messages.
	place, text string
	// words stand left of the arrow, want right of it.
	words, want []string
	arrow       bool
	inner       []line
}

const heading = "== "

func parse(file, text string) (*script, error) {
	s := &script{file: file, name: strings.TrimSuffix(path.Base(file), ".txt")}
	lines := &s.start
	for i, text := range strings.Split(text, "\n") {
		if title, ok := strings.CutPrefix(text, heading); ok {
			s.stories = append(s.stories, story{title: title})
			lines = &s.stories[len(s.stories)-1].lines
			continue
		}
		l, err := parseLine(text)
		l.place = fmt.Sprintf("%s:%d", file, i+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.place, err)
		}
		switch {
		case len(l.words) == 0 && !l.arrow: // blank, or a remark
		case text[0] != ' ':
			*lines = append(*lines, l)
		case len(*lines) == 0:
			return nil, fmt.Errorf("%s: an indented line belongs to the one above, and there is none", l.place)
		default:
			above := &(*lines)[len(*lines)-1]
			above.inner = append(above.inner, l)
		}
	}
	return s, s.takeOnly()
}

func parseLine(text string) (line, error) {
	all, err := split(text)
	l := line{text: strings.TrimSpace(text), words: all}
	if i := slices.Index(all, "->"); i >= 0 {
		l.words, l.want, l.arrow = all[:i], all[i+1:], true
		if len(l.want) == 0 && err == nil {
			err = errors.New("nothing stands to the right of the arrow")
		}
	}
	return l, err
}

// takeOnly moves the "only" line of each story, which must be its first, out
// of what is played.
func (s *script) takeOnly() error {
	for i := range s.stories {
		story := &s.stories[i]
		if len(story.lines) == 0 {
			return fmt.Errorf("%s: the story %q is empty", s.file, story.title)
		}
		first := story.lines[0]
		if first.words[0] != "only" {
			continue
		}
		story.only, story.lines = first.words[1:], story.lines[1:]
		for _, name := range story.only {
			if !slices.ContainsFunc(mounts, func(m mountKind) bool { return m.within(name) }) {
				return fmt.Errorf("%s: there is no mount %q", first.place, name)
			}
		}
	}
	return nil
}

func (s *story) playedAt(m mountKind) bool {
	return len(s.only) == 0 || slices.ContainsFunc(s.only, m.within)
}
