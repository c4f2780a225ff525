package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Mistake is one thing that is wrong with a configuration.
type Mistake struct {
	Line, Column int
	// Path is the way to the value, as products[0].dimensions[1].key. It is
	// empty when the mistake is about the file as a whole.
	Path string
	// Text says what is wrong, and the way out.
	Text string
}

// Errors is every mistake of one file, by line.
type Errors struct {
	File     string
	Mistakes []Mistake
}

// Error returns one line for each mistake, in the form that editors jump to.
func (e *Errors) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		text := m.Text
		if m.Path != "" {
			text = m.Path + ": " + text
		}
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", e.File, m.Line, m.Column, text)
	}
	return strings.Join(lines, "\n")
}

func (e *Errors) add(m Mistake) {
	if len(e.Mistakes) < mistakesMax {
		e.Mistakes = append(e.Mistakes, m)
	}
}

// orNil returns the mistakes by line, or nil if there are none.
func (e *Errors) orNil() error {
	if len(e.Mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(e.Mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return e
}

// shown quotes a value for a mistake and cuts it if it is long.
func shown(text string) string {
	if runes := []rune(text); len(runes) > shownRunesMax {
		return strconv.Quote(string(runes[:shownRunesMax])) + "…"
	}
	return strconv.Quote(text)
}
