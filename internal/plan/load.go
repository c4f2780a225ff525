package plan

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/meterd/meterd/internal/mistake"
)

// Load reads the file at path and the files with secrets that it names, which
// are relative to its own folder. Mistakes in it are an *[mistake.List].
func Load(path string) (*Plan, error) {
	source, err := readUpTo(path, fileBytesMax)
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	return Parse(source, path, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(path), name)
		}
		return readUpTo(name, secretBytesMax)
	})
}

func readUpTo(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return text, err
}

// reader reads one file.
type reader struct {
	errors   *mistake.List
	readFile func(name string) ([]byte, error)
}

// Parse reads a configuration. All mistakes in it are told at once.
func Parse(source []byte, file string, readFile func(name string) ([]byte, error)) (*Plan, error) {
	r := &reader{&mistake.List{File: file}, readFile}
	if root := r.document(source); root != nil {
		n := node{errors: r.errors}.at(root, "")
		p := r.plan(n.fields("data", "listen", "tokenFile", "clock", "settle", "dryRun", "services", "products", "doNotMeter", "alerts"))
		if err := r.errors.OrNil(); err != nil {
			return nil, err
		}
		return p, nil
	}
	return nil, r.errors.OrNil()
}

// document returns the content of the file's one document, or nil and a mistake.
func (r *reader) document(source []byte) ast.Node {
	tokens := lexer.Tokenize(string(source))
	if at := tooMuch(tokens); at != nil {
		r.errors.Add(mistake.At(at.Position.Line, at.Position.Column, "", "this is nested deeper than %d levels, or the file has more than %d words", nestingMax, tokensMax))
		return nil
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		r.errors.Add(mistake.OfSyntax(err))
		return nil
	}
	var body ast.Node
	for _, document := range file.Docs {
		if document.Body == nil {
			continue
		}
		if body != nil {
			line, column := mistake.Position(document.Body)
			r.errors.Add(mistake.At(line, column, "", "a second document starts here; remove the --- line"))
			return nil
		}
		body = document.Body
	}
	if body == nil {
		r.errors.Add(mistake.At(1, 1, "", "the file is empty; start with products:"))
		return nil
	}
	if at := firstIndirect(body); at != nil {
		line, column := mistake.Position(at)
		r.errors.Add(mistake.At(line, column, "", "anchors, aliases, tags and merge keys are not used here; write the value out, in quotes if it is a text"))
		return nil
	}
	return body
}

// tooMuch returns the token from which on the parser would take too long.
func tooMuch(tokens token.Tokens) *token.Token {
	flow, run := 0, 0
	for i, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
			run++
		case token.SequenceEndType, token.MappingEndType:
			flow--
			run = 0
		case token.SequenceEntryType, token.MappingKeyType:
			run++
		case token.CommentType:
		default:
			run = 0
		}
		if flow > nestingMax || run > nestingMax || i == tokensMax {
			return t
		}
	}
	return nil
}

// firstIndirect finds what does not stand for itself.
func firstIndirect(root ast.Node) ast.Node {
	finder := &indirectFinder{}
	ast.Walk(finder, root)
	return finder.found
}

type indirectFinder struct{ found ast.Node }

// Visit is called for each node in the order of the file.
func (f *indirectFinder) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		if f.found == nil {
			f.found = n
		}
	}
	return f
}

// secret reads a text out of the file that a field names.
func (r *reader) secret(n node) string {
	name := n.text()
	if name == "" {
		return ""
	}
	text, err := r.readFile(name)
	secret := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		n.mistake("%v", err)
	case secret == "":
		n.mistake("the file %s is empty", mistake.Shown(name))
	}
	return secret
}

// address reads a URL. What stands there is not repeated if it may be a secret.
func (n node) address() string {
	text := n.text()
	if text != "" && !isURL(text) {
		n.mistake("write a URL such as https://host/path")
	}
	return text
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
