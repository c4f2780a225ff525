package mistake

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// Max is the mistakes that a list has; more are counted.
	Max = 1000
	// ShownRunesMax is how much of a wrong value a mistake repeats.
	ShownRunesMax = 80
)

// Mistake is one thing that is wrong with a file.
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

// At is a mistake at a place of the file; path is empty where it is about the
// file as a whole.
func At(line, column int, path, format string, args ...any) Mistake {
	return Mistake{line, column, path, fmt.Sprintf(format, args...)}
}

// List is every mistake of one file, as an error.
type List struct {
	// File is the file's name.
	File     string    `json:"file"`
	Mistakes []Mistake `json:"mistakes"`
	// Omitted counts mistakes beyond those that are told.
	Omitted int `json:"omitted,omitempty"`
}

// Error returns one line for each mistake.
func (l *List) Error() string {
	var lines []string
	for _, m := range l.Mistakes {
		text := m.Text
		if m.Path != "" {
			text = m.Path + ": " + text
		}
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", l.File, m.Line, m.Column, text))
	}
	if l.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more mistakes", l.File, l.Omitted))
	}
	return strings.Join(lines, "\n")
}

// Add adds a mistake, or counts it if there are enough.
func (l *List) Add(m Mistake) {
	if len(l.Mistakes) == Max {
		l.Omitted++
		return
	}
	l.Mistakes = append(l.Mistakes, m)
}

// OrNil returns the mistakes by line, or nil if there are none.
func (l *List) OrNil() error {
	if len(l.Mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(l.Mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return l
}

// Shown quotes a value for a mistake and cuts it if it is long.
func Shown(s string) string {
	if runes := []rune(s); len(runes) > ShownRunesMax {
		return strconv.Quote(string(runes[:ShownRunesMax])) + "…"
	}
	return strconv.Quote(s)
}
