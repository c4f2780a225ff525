package catalog

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"github.com/meterd/meterd/internal/mistake"
)

// value is a place in the file.
type value struct {
	r *reader
	// node is never an anchor or an alias, but what they stand for. It is nil
	// where nothing can be read.
	node ast.Node
	path string
	// line and column are where a mistake with the value is to be mended: for
	// what an alias stands for, at the alias.
	line, column int
	aliased      bool
}

// value makes the value of a node that parent holds.
func (r *reader) value(parent value, node ast.Node, path string) value {
	v := value{r: r, path: path, line: parent.line, column: parent.column, aliased: parent.aliased}
	for range aliasHopsMax {
		if !v.aliased {
			v.line, v.column = mistake.Position(node)
		}
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			v.aliased = true
			if node = r.aliases[n]; node == nil {
				// The name is not repeated: it may be a secret that was
				// meant as text.
				v.mistake("the alias has no anchor before it; put the value in quotes if it is a text that begins with *")
				return v
			}
		default:
			v.node = node
			r.count(v)
			return v
		}
	}
	v.mistake("the alias stands for itself; write the value out")
	return v
}

// count keeps aliases from standing for more than anybody has written.
func (r *reader) count(v value) {
	if !v.aliased {
		return
	}
	if r.aliased++; r.aliased > aliasedMax && r.tooMuch == nil {
		r.tooMuch = new(mistake.At(v.line, v.column, v.path, "the aliases up to here stand for more than %d values; write them out", aliasedMax))
	}
}

func (v value) mistake(format string, args ...any) {
	v.r.errors.Add(mistake.At(v.line, v.column, v.path, format, args...))
}

// unreadable reports a value of the wrong type. It does not repeat the value:
// what is misplaced may be a secret.
func (v value) unreadable(hint string) {
	what := "a text"
	switch v.node.(type) {
	case nil:
		return // has been reported
	case *ast.MappingNode:
		what = "a mapping"
	case *ast.SequenceNode:
		what = "a list"
	case *ast.NullNode:
		what = "no value"
	}
	v.mistake("%s stands here; %s", what, hint)
}

// scalar returns the text of a scalar as it stands in the file: a number keeps
// its leading zeros and a version its trailing ones.
func (v value) scalar() (string, bool) {
	switch n := v.node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// items returns the items of a list.
func (v value) items(hint string) []value {
	list, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.unreadable(hint)
		return nil
	}
	var items []value
	for i, node := range list.Values {
		if v.r.tooMuch != nil {
			return nil
		}
		items = append(items, v.r.value(v, node, fmt.Sprintf("%s[%d]", v.path, i)))
	}
	return items
}

// aliases says what each alias of a document stands for: the nearest anchor
// of its name before it.
type aliases map[*ast.AliasNode]ast.Node

func findAliases(root ast.Node) aliases {
	finder := aliasFinder{map[string]ast.Node{}, aliases{}}
	ast.Walk(finder, root)
	return finder.found
}

type aliasFinder struct {
	anchors map[string]ast.Node
	found   aliases
}

// Visit is called for each node in the order of the file.
func (f aliasFinder) Visit(node ast.Node) ast.Visitor {
	switch n := node.(type) {
	case *ast.AnchorNode:
		f.anchors[n.Name.GetToken().Value] = n.Value
	case *ast.AliasNode:
		f.found[n] = f.anchors[n.Value.GetToken().Value]
	}
	return f
}
