package catalog

import (
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/meterd/meterd/internal/mistake"
)

// object is a mapping whose keys are known to be right. The zero object has no
// keys.
type object struct {
	value
	fields map[string]value
}

// entry is one key of a mapping, with its value.
type entry struct {
	key  string
	at   value // the key itself, for mistakes with it
	node ast.Node
}

// keys are those that a mapping may have.
type keys struct {
	names []string
	// besideSecrets says that secrets stand in the mapping, so that a strange key
	// is not repeated: between braces, a secret whose key was forgotten looks
	// like one.
	besideSecrets bool
}

// object reads a mapping with some of the keys. It reports false if there is
// no mapping, and so no use in looking for what is missing in it.
func (v value) object(known keys) (object, bool) {
	entries, ok := v.entries("write a mapping with some of the keys " + wordList(known.names, "and"))
	if !ok {
		return object{}, false
	}
	o := object{v, make(map[string]value, len(entries))}
	lines := make(map[string]int, len(entries))
	for _, e := range entries {
		if !slices.Contains(known.names, e.key) {
			if near := e.unknown(v, known); near != "" && !o.has(near) {
				// So that it is not called missing too.
				o.fields[near] = value{r: v.r, path: join(v.path, near), line: e.at.line, column: e.at.column}
			}
			continue
		}
		if line, ok := lines[e.key]; ok {
			e.at.mistake("the key stands in line %d already; keep one of them", line)
			continue
		}
		lines[e.key] = e.at.line
		o.fields[e.key] = v.r.value(v, e.node, e.at.path)
	}
	return o, true
}

func (v value) entries(hint string) ([]entry, bool) {
	mapping, ok := v.node.(*ast.MappingNode)
	if !ok {
		v.unreadable(hint)
		return nil, false
	}
	var entries []entry
	for _, pair := range mapping.Values {
		if v.r.tooMuch != nil {
			return nil, false
		}
		key := keyText(pair.Key)
		at := v
		at.path = join(v.path, key)
		if !v.aliased {
			at.line, at.column = mistake.Position(pair.Key)
		}
		entries = append(entries, entry{key, at, pair.Value})
	}
	return entries, true
}

// unknown reports a key that the mapping does not have, and returns the one
// that was probably meant.
func (e entry) unknown(parent value, known keys) (near string) {
	if near := nearest(e.key, known.names); near != "" {
		e.at.mistake("there is no key %s here; did you mean %s?", mistake.Shown(e.key), near)
		return near
	}
	name := mistake.Shown(e.key)
	if known.besideSecrets {
		name, e.at.path = "of this name", parent.path
	}
	e.at.mistake("there is no key %s here; the keys are %s", name, wordList(known.names, "and"))
	return ""
}

func keyText(node ast.Node) string {
	switch n := node.(type) {
	case *ast.MappingKeyNode:
		return keyText(n.Value)
	case *ast.AnchorNode:
		return keyText(n.Value)
	case *ast.StringNode:
		return n.Value
	}
	return node.GetToken().Value
}

// join appends a key to a path. A key that is no name is left out of it.
func join(path, key string) string {
	if !plainKey.MatchString(key) {
		return path
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

var plainKey = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func (o object) has(key string) bool { _, ok := o.fields[key]; return ok }

// at returns the value of a key for mistakes with it; without the key, the
// mapping that lacks it.
func (o object) at(key string) value {
	if v, ok := o.fields[key]; ok {
		return v
	}
	missing := o.value
	missing.path = join(o.path, key)
	missing.node = nil
	return missing
}

// missing reports a key that the mapping needs.
func (o object) missing(key, hint string) {
	o.at(key).mistake("missing; %s", hint)
}

// each reads the items of a list that may be absent.
func each[T any](o object, key string, read func(value) T) []T {
	v, ok := o.fields[key]
	if !ok {
		return nil
	}
	var list []T
	for _, item := range v.items("write a list, each item after a dash") {
		list = append(list, read(item))
	}
	return list
}

// wordList lists words as in a sentence: a, b and c.
func wordList[T ~string](words []T, and string) string {
	var b strings.Builder
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" " + and + " ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(word))
	}
	return b.String()
}
