package mistake

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// OfSyntax tells the parser's error without the source that it shows and
// without the part of its message that may repeat a value: either could hold a
// secret.
func OfSyntax(err error) Mistake {
	var found yaml.Error
	if !errors.As(err, &found) || found.GetToken() == nil {
		return At(1, 1, "", "this is not YAML")
	}
	at := found.GetToken().Position
	text := found.GetMessage()
	if strings.Contains(text, "\t") || strings.Contains(text, "tab character") {
		return At(at.Line, at.Column, "", "a tab stands here; YAML is indented with blanks")
	}
	text, _, _ = strings.Cut(text, `: "`)
	return At(at.Line, at.Column, "", "this is not YAML: %s; check the brackets, quotes and indentation here and in the line before", text)
}

// Position is where a person sees a node begin.
func Position(node ast.Node) (line, column int) {
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		// Its own token is the first colon.
		return Position(mapping.Values[0].Key)
	}
	at := node.GetToken().Position
	return at.Line, at.Column
}
