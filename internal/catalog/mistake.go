package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Mistake is one thing that is wrong with a catalog.
type Mistake struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	// Path is the way to the value, as sellers[0].products[1].kind. It is
	// empty when the mistake is about the file as a whole.
	Path string `json:"path,omitempty"`
	// Text says what is wrong, with the value unless that may be a secret,
	// and the way out.
	Text string `json:"text"`
}

// Errors is every mistake of one catalog, by line.
type Errors struct {
	// File is the name of the catalog.
	File     string    `json:"file"`
	Mistakes []Mistake `json:"mistakes"`
	// Omitted counts mistakes beyond those that are told.
	Omitted int `json:"omitted,omitempty"`
}

// Error returns one line for each mistake.
func (e *Errors) Error() string {
	var lines []string
	for _, m := range e.Mistakes {
		text := m.Text
		if m.Path != "" {
			text = m.Path + ": " + text
		}
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", e.File, m.Line, m.Column, text))
	}
	if e.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more mistakes", e.File, e.Omitted))
	}
	return strings.Join(lines, "\n")
}

func (e *Errors) add(m Mistake) {
	if len(e.Mistakes) == mistakesMax {
		e.Omitted++
		return
	}
	e.Mistakes = append(e.Mistakes, m)
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
func shown(s string) string {
	if runes := []rune(s); len(runes) > shownRunesMax {
		return strconv.Quote(string(runes[:shownRunesMax])) + "…"
	}
	return strconv.Quote(s)
}
