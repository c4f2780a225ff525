package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/meterd/meterd/internal/mistake"
)

// node is a place in the file.
type node struct {
	errors *mistake.List
	// ast is nil where there is nothing: what is missing reads as zero.
	ast          ast.Node
	path         string
	line, column int
}

func (n node) there() bool { return n.ast != nil }

func (n node) mistake(format string, args ...any) {
	n.errors.Add(mistake.At(n.line, n.column, n.path, format, args...))
}

// at is the node of a part of n.
func (n node) at(part ast.Node, path string) node {
	line, column := mistake.Position(part)
	return node{n.errors, part, path, line, column}
}

// fields are the members of a mapping. What is missing is a node that is not
// there, at the mapping itself.
type fields struct {
	node
	byKey map[string]node
}

// fields reads a mapping with some of the keys.
func (n node) fields(keys ...string) fields {
	f := fields{n, map[string]node{}}
	if !n.there() {
		return f
	}
	mapping, ok := n.ast.(*ast.MappingNode)
	if !ok {
		n.mistake("write a mapping with some of the keys %s", strings.Join(keys, ", "))
		return f
	}
	for _, pair := range mapping.Values {
		key := pair.Key.GetToken().Value
		place := n.at(pair.Key, strings.TrimPrefix(n.path+"."+key, "."))
		if !slices.Contains(keys, key) {
			place.path = n.path
			place.mistake("there is no key %s here; the keys are %s", mistake.Shown(key), strings.Join(keys, ", "))
			continue
		}
		if _, null := pair.Value.(*ast.NullNode); !null {
			f.byKey[key] = n.at(pair.Value, place.path)
		}
	}
	return f
}

func (f fields) get(key string) node {
	if n, ok := f.byKey[key]; ok {
		return n
	}
	missing := f.node
	missing.ast, missing.path = nil, strings.TrimPrefix(f.path+"."+key, ".")
	return missing
}

// items are the elements of a list.
func (n node) items() (items []node) {
	if !n.there() {
		return nil
	}
	list, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		n.mistake("write a list, each item after a dash")
		return nil
	}
	for i, part := range list.Values {
		items = append(items, n.at(part, fmt.Sprintf("%s[%d]", n.path, i)))
	}
	return items
}

// text reads a text; numbers are texts as they stand, so that an account keeps
// its zeros.
func (n node) text() string {
	switch v := n.ast.(type) {
	case nil:
		return ""
	case *ast.StringNode:
		return v.Value
	case *ast.LiteralNode:
		return v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v.GetToken().Value
	}
	n.mistake("write a text")
	return ""
}

// required reads a text that must be there.
func (n node) required(hint string) string {
	text := n.text()
	if text == "" {
		n.mistake("missing; write %s", hint)
	}
	return text
}

// whole reads a whole number of at least least and at most ratioMax; what is
// missing is the default.
func (n node) whole(standard, least int64) int64 {
	if !n.there() {
		return standard
	}
	text := n.text()
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < least || number > ratioMax {
		n.mistake("%s is not a whole number from %d to %d", mistake.Shown(text), least, int64(ratioMax))
		return standard
	}
	return number
}

// duration reads one such as 90s or 2h.
func (n node) duration(standard time.Duration) time.Duration {
	if !n.there() {
		return standard
	}
	text := n.text()
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		n.mistake("%s is not a duration such as 90s, 5m or 2h", mistake.Shown(text))
		return standard
	}
	return d
}

func (n node) truth() bool {
	if !n.there() {
		return false
	}
	b, ok := n.ast.(*ast.BoolNode)
	if !ok {
		n.mistake("write true or false, without quotes")
		return false
	}
	return b.Value
}
