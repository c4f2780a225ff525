package house

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated parts of the documents")

const (
	root   = "../.."
	module = "github.com/meterd/meterd"
)

// skipped are folders that hold nothing of ours.
var skipped = []string{".git", "node_modules", "bin"}

// files returns the paths of all files of the house that end in a suffix,
// relative to its root and with slashes.
func files(t *testing.T, suffixes ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skipped, d.Name()):
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		for _, suffix := range suffixes {
			if strings.HasSuffix(path, suffix) {
				relative, err := filepath.Rel(root, path)
				found = append(found, filepath.ToSlash(relative))
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no files end in %q; is %s the house?", suffixes, root)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// keep compares a document with what it should say, or writes that with
// -update.
func keep(t *testing.T, path, want string) {
	t.Helper()
	stands := read(t, path)
	if stands == want {
		return
	}
	if !*update {
		number, is, should := firstDifference(stands, want)
		t.Errorf("%s is stale; look at `go test ./internal/house -update` and git diff\nline %d is        %s\nit should be %s", path, number, is, should)
		return
	}
	if err := os.WriteFile(filepath.Join(root, path), []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func firstDifference(stands, want string) (number int, is, should string) {
	have, wanted := strings.Split(stands, "\n"), strings.Split(want, "\n")
	for number < min(len(have), len(wanted)) && have[number] == wanted[number] {
		number++
	}
	return number + 1, strings.Join(have[number:min(number+1, len(have))], ""), strings.Join(wanted[number:min(number+1, len(wanted))], "")
}

// generated replaces what stands between a document's markers for a part.
func generated(t *testing.T, document, part, content string) string {
	t.Helper()
	begin, end := "<!-- begin "+part+": generated -->\n", "<!-- end "+part+" -->"
	before, rest, ok := strings.Cut(document, begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("the document has no %q … %q", begin, end)
	}
	return before + begin + "\n" + content + "\n" + end + after
}

// parsed is a Go file.
type parsed struct {
	path string
	*ast.File
	*token.FileSet
}

func goFiles(t *testing.T) []parsed {
	t.Helper()
	var list []parsed
	for _, path := range files(t, ".go") {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, read(t, path), parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, parsed{path, file, set})
	}
	return list
}

func (p parsed) test() bool { return strings.HasSuffix(p.path, "_test.go") }
