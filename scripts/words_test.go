package scripts

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/meterd/meterd/api"
)

var (
	repeat = regexp.MustCompile(`\{([^{}]+)\*(\d+)\}`)
	span   = regexp.MustCompile(`\{(\d+)\.\.(\d+)\}`)
)

// split cuts a line into words: at blanks, though not within quotes and
// brackets, and up to a remark.
func split(text string) (words []string, err error) {
	for {
		text = strings.TrimLeft(text, " ")
		var word string
		switch {
		case text == "" || text == "#" || strings.HasPrefix(text, "# "):
			return words, nil
		case text[0] == '"':
			quoted, err := strconv.QuotedPrefix(text)
			if err != nil {
				return nil, errors.New("a quote is not closed")
			}
			word, _ = strconv.Unquote(quoted)
			text = text[len(quoted):]
		case text[0] == '[':
			end := strings.IndexByte(text, ']')
			if end < 0 {
				return nil, errors.New("a bracket is not closed")
			}
			word, text = repeated(text[:end+1]), text[end+1:]
		default:
			word, text, _ = strings.Cut(text, " ")
			word = repeated(word)
		}
		words = append(words, word)
	}
}

// repeated writes {x*3} out as xxx.
func repeated(word string) string {
	return repeat.ReplaceAllStringFunc(word, func(s string) string {
		part := repeat.FindStringSubmatch(s)
		n, _ := strconv.Atoi(part[2]) // digits only
		return strings.Repeat(part[1], n)
	})
}

// numbers returns the numbers that the first {1..25} in the texts stands for,
// as they are to be written; a single "" if there is none.
func numbers(texts ...string) []string {
	for _, text := range texts {
		part := span.FindStringSubmatch(text)
		if part == nil {
			continue
		}
		first, _ := strconv.Atoi(part[1]) // digits only
		last, _ := strconv.Atoi(part[2])
		var list []string
		for n := first; n <= last; n++ {
			list = append(list, fmt.Sprintf("%0*d", len(part[1]), n))
		}
		return list
	}
	return []string{""}
}

func numbered(text, number string) string { return span.ReplaceAllLiteralString(text, number) }

// args hands out the words of a line one after the other. The first mistake
// stays, so that it is enough to ask at the end.
type args struct {
	words []string
	now   time.Time
	err   error
}

func (a *args) fail(format string, values ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, values...)
	}
}

// next returns the next word.
func (a *args) next(what string) string {
	if len(a.words) == 0 {
		a.fail("%s is missing", what)
		return ""
	}
	word := a.words[0]
	a.words = a.words[1:]
	return word
}

// text returns a word that - leaves out.
func (a *args) text(what string) *string {
	if word := a.next(what); word != "-" {
		return &word
	}
	return nil
}

func (a *args) number(what string) *int64 {
	text := a.text(what)
	if text == nil {
		return nil
	}
	n, err := strconv.ParseInt(*text, 10, 64)
	if err != nil {
		a.fail("%s %q is not a number", what, *text)
	}
	return &n
}

// has takes a word away if it is the next.
func (a *args) has(word string) bool {
	if len(a.words) == 0 || a.words[0] != word {
		return false
	}
	a.words = a.words[1:]
	return true
}

// after returns what stands behind a word that may be left out with it.
func (a *args) after(word string) *string {
	if !a.has(word) {
		return nil
	}
	return a.text("what follows " + word)
}

// time returns the time behind a word such as at.
func (a *args) time(word string) *time.Time {
	if !a.has(word) {
		a.fail("%q is missing", word)
		return nil
	}
	return a.moment()
}

func (a *args) moment() *time.Time {
	text := a.text("a time")
	if text == nil {
		return nil
	}
	t, err := timeOf(*text, a.now)
	if err != nil {
		a.fail("%w", err)
	}
	return &t
}

// done returns the first mistake; words that nobody asked for are one.
func (a *args) done() error {
	if len(a.words) > 0 {
		a.fail("%q is too much", strings.Join(a.words, " "))
	}
	return a.err
}

func timeOf(text string, now time.Time) (time.Time, error) {
	if rest, ok := strings.CutPrefix(text, "now"); ok {
		if rest == "" {
			return now, nil
		}
		d, err := time.ParseDuration(rest)
		if err == nil {
			return now.Add(d), nil
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	for _, form := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(form, text); err == nil {
			year, month, day := now.Date()
			return t.AddDate(year, int(month)-1, day-1), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", text)
}

// allocations reads the bracket, which may be left out.
func (a *args) allocations() []api.UsageAllocation {
	if len(a.words) == 0 || !strings.HasPrefix(a.words[0], "[") {
		return nil
	}
	list := []api.UsageAllocation{}
	text := strings.Trim(a.next("the bracket"), "[]")
	if text == "" {
		return list
	}
	for part := range strings.SplitSeq(text, "|") {
		for _, number := range numbers(part) {
			list = append(list, a.allocation(strings.TrimSpace(numbered(part, number))))
		}
	}
	return list
}

// allocation reads team=red,site=a:3.
func (a *args) allocation(text string) api.UsageAllocation {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		a.fail("allocation %q has no quantity", text)
		return api.UsageAllocation{}
	}
	quantity, err := strconv.ParseInt(text[colon+1:], 10, 64)
	if err != nil {
		a.fail("allocation %q: the quantity is not a number", text)
	}
	allocation := api.UsageAllocation{AllocatedUsageQuantity: &quantity}
	switch tags := text[:colon]; tags {
	case "":
	case "no tags":
		allocation.Tags = []api.Tag{}
	default:
		for tag := range strings.SplitSeq(tags, ",") {
			key, value, _ := strings.Cut(tag, "=")
			allocation.Tags = append(allocation.Tags, api.Tag{Key: &key, Value: &value})
		}
	}
	return allocation
}
