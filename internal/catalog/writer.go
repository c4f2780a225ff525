package catalog

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// writer writes YAML: block style, lists of texts inline. It is ours since the
// library's encoder leaves some texts unquoted that its parser then reads as
// others (a trailing tab, a lone carriage return).
type writer struct{ *bytes.Buffer }

// block is a mapping in the order that its keys are written in.
type block []field

// field is one key of a block. Zero values are not written; an empty list that
// is not nil is.
type field struct {
	key   string
	value any
}

func (b block) written() block {
	var kept block
	for _, f := range b {
		if !reflect.ValueOf(f.value).IsZero() {
			kept = append(kept, f)
		}
	}
	return kept
}

// block writes a mapping whose first line is already indented.
func (w writer) block(indent int, b block) {
	for i, f := range b.written() {
		if i > 0 {
			w.indent(indent)
		}
		w.WriteString(f.key + ":")
		w.value(indent, f.value)
	}
}

func (w writer) value(indent int, value any) {
	switch v := value.(type) {
	case block:
		w.WriteString("\n")
		w.indent(indent + 2)
		w.block(indent+2, v)
	case []block:
		w.WriteString("\n")
		for _, item := range v {
			w.indent(indent + 2)
			w.WriteString("- ")
			w.block(indent+4, item)
		}
	case time.Time:
		w.WriteString(" " + formatTime(v) + "\n")
	case string:
		w.text(indent, v)
	default:
		w.other(indent, reflect.ValueOf(value))
	}
}

// other writes what has a type of its own: names, numbers, lists of names.
func (w writer) other(indent int, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		w.text(indent, v.String())
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = quoted(v.Index(i).String())
		}
		w.WriteString(" [" + strings.Join(items, ", ") + "]\n")
	default:
		fmt.Fprintf(w, " %v\n", v)
	}
}

// text writes PEM as the lines it has, and any other text in one line.
func (w writer) text(indent int, s string) {
	if !isPEM(s) {
		w.WriteString(" " + quoted(s) + "\n")
		return
	}
	w.WriteString(" |\n")
	for line := range strings.Lines(s) {
		w.indent(indent + 2)
		w.WriteString(line)
	}
}

func (w writer) indent(n int) { w.WriteString(strings.Repeat(" ", n)) }

// isPEM matches PEM as encoding/pem writes it.
var isPEM = matches(`^-----BEGIN [A-Z ]+-----\n([A-Za-z0-9+/=]+\n)+-----END [A-Z ]+-----\n$`)

// quoted writes a text so that every YAML reader takes it for that text. Go's
// escapes are YAML's too.
func quoted(s string) string {
	switch {
	case !utf8.ValidString(s):
		return `"` + s + `"` // which no catalog can hold; Format's check says so
	case isPlain(s) && !isWord(s):
		return s
	}
	return strconv.Quote(s)
}

var (
	isPlain = matches(`^[a-zA-Z/][a-zA-Z0-9_./-]*$`)
	// isWord matches what YAML 1.1 or 1.2 takes for something else than text.
	isWord = matches(`^(?i:y|yes|n|no|on|off|true|false|null|nan|inf)$`)
)
