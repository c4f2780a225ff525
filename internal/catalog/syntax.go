package catalog

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/meterd/meterd/internal/mistake"
)

const emptyFile = "the file is empty; start with sellers: and buyers:, or with a copy of the demo catalog"

// syntax reads the YAML of a catalog. It returns the one document's content,
// or what is wrong with the YAML: the first mistake only, as nobody can say
// what would come after it.
func syntax(source []byte) (ast.Node, *mistake.Mistake) {
	if len(source) > sourceBytesMax {
		return nil, fileMistake(1, 1, "the file has %d bytes; a catalog has at most %d", len(source), sourceBytesMax)
	}
	if line := lineOfInvalidUTF8(source); line > 0 {
		return nil, fileMistake(line, 1, "the line is not UTF-8 text; save the file as UTF-8")
	}
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	tokens := lexer.Tokenize(string(source))
	if wrong := checkTokens(tokens); wrong != nil {
		return nil, wrong
	}
	// Duplicate keys are found later, together with all other mistakes.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, new(mistake.OfSyntax(err))
	}
	return onlyDocument(file)
}

func onlyDocument(file *ast.File) (ast.Node, *mistake.Mistake) {
	var body ast.Node
	for _, document := range file.Docs {
		switch {
		case document.Body == nil:
		case body != nil:
			line, column := mistake.Position(document.Body)
			return nil, fileMistake(line, column, "a second document starts here; a catalog is one document, remove the --- line")
		default:
			body = document.Body
		}
	}
	if body == nil {
		return nil, fileMistake(1, 1, emptyFile)
	}
	return body, nil
}

// checkTokens refuses what the parser would take too much stack or time for,
// and what no catalog needs.
func checkTokens(tokens token.Tokens) *mistake.Mistake {
	var nesting nesting
	headers := 0
	for _, t := range tokens {
		at := t.Position
		switch t.Type {
		case token.TagType:
			return fileMistake(at.Line, at.Column, "tags such as !!str are not used in catalogs; remove it")
		case token.DirectiveType:
			return fileMistake(at.Line, at.Column, "directives such as %%YAML are not used in catalogs; remove the line")
		case token.MergeKeyType:
			return fileMistake(at.Line, at.Column, "merge keys (<<) are not used in catalogs; write the keys out, or put an alias in the place of a whole value")
		case token.DocumentHeaderType:
			if headers++; headers > 1 {
				return fileMistake(at.Line, at.Column, "a second document starts here; a catalog is one document, remove the --- line")
			}
		}
		if complaint := nesting.add(t); complaint != "" {
			return fileMistake(at.Line, at.Column, "%s", complaint)
		}
	}
	return nil
}

// nesting follows how deep the parser would have to call itself.
type nesting struct {
	flow int // open brackets and braces
	run  int // indicators since the last value
	keys []blockKeys
}

// blockKeys counts the keys of the block mapping at a column.
type blockKeys struct{ column, count int }

func (n *nesting) add(t *token.Token) (complaint string) {
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		n.flow++
		n.run++
	case token.SequenceEndType, token.MappingEndType:
		n.flow--
		n.run = 0
	case token.SequenceEntryType:
		n.run++
		n.leave(t.Position.Column)
	case token.AnchorType, token.MappingKeyType:
		n.run++
	case token.MappingValueType:
		if n.flow <= 0 && t.Prev != nil && n.countKey(t.Prev.Position.Column) > keysMax {
			return fmt.Sprintf("the mapping has more than %d keys; is a dash missing before some of them?", keysMax)
		}
	case token.CommentType:
	default:
		if t.PreviousType() != token.AnchorType { // else it is the anchor's name
			n.run = 0
		}
	}
	if n.flow > nestingMax || n.run > nestingMax {
		return fmt.Sprintf("this is nested deeper than %d levels", nestingMax)
	}
	return ""
}

// leave forgets the mappings that are indented deeper than a column.
func (n *nesting) leave(column int) {
	for len(n.keys) > 0 && n.keys[len(n.keys)-1].column > column {
		n.keys = n.keys[:len(n.keys)-1]
	}
}

func (n *nesting) countKey(column int) int {
	n.leave(column)
	if len(n.keys) == 0 || n.keys[len(n.keys)-1].column < column {
		n.keys = append(n.keys, blockKeys{column: column})
	}
	top := &n.keys[len(n.keys)-1]
	top.count++
	return top.count
}

func lineOfInvalidUTF8(source []byte) int {
	if utf8.Valid(source) {
		return 0
	}
	line := 0
	for text := range bytes.Lines(source) {
		line++
		if !utf8.Valid(text) {
			break
		}
	}
	return line
}

func fileMistake(line, column int, format string, args ...any) *mistake.Mistake {
	return new(mistake.At(line, column, "", format, args...))
}
