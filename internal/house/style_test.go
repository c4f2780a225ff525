package house

import (
	"go/ast"
	"path"
	"strings"
	"testing"
)

const (
	fileLinesMax     = 500
	functionLinesMax = 70
)

// long are the files and functions that may be longer, with the reason.
var long = map[string]string{
	"internal/sigv4/parse_test.go TestParseHeader":           "a table of headers and what is wrong with each",
	"internal/wire/decode_test.go TestDecodeBatchMeterUsage": "a table of bodies with the whole request that each means",
	"internal/wire/operation_test.go TestOperationOf":        "a table of requests and the operation that each means",
	"internal/wire/timestamp_test.go TestTimestamps":         "a table of spellings of time",
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	used := map[string]bool{}
	check := func(name string, lines, max int) {
		if lines <= max {
			return
		}
		used[name] = true
		if long[name] == "" {
			t.Errorf("%s has %d lines, more than %d; split it, or give the reason in long", name, lines, max)
		}
	}
	for _, f := range goFiles(t) {
		check(f.path, f.LineCount(), fileLinesMax)
		for _, declaration := range f.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok {
				lines := f.Position(function.End()).Line - f.Position(function.Pos()).Line + 1
				check(f.path+" "+function.Name.Name, lines, functionLinesMax)
			}
		}
	}
	for name := range long {
		if !used[name] {
			t.Errorf("%s is not long any more; remove it from long", name)
		}
	}
}

func (p parsed) LineCount() int { return p.FileSet.File(p.Pos()).LineCount() }

// TestPackagesSayWhatTheyAreFor wants a package comment of two sentences or
// more: what it is for, and what it may not do.
func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	comments := map[string]string{}
	for _, f := range goFiles(t) {
		if f.test() || strings.Contains(f.path, "testdata/") {
			continue
		}
		comment := f.Doc.Text()
		if dir := path.Dir(f.path); comments[dir] != "" && comment != "" {
			t.Errorf("%s has a second package comment in %s", dir, f.path)
		} else {
			comments[dir] += comment
		}
	}
	for dir, comment := range comments {
		sentences := strings.Count(strings.ReplaceAll(comment, "\n", " "), ". ")
		if sentences < 2 {
			t.Errorf("the package comment of %s is %q; it needs two sentences: what it is for, what it may not do", dir, comment)
		}
	}
}
