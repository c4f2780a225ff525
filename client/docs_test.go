package client

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const fromJavaScript = "../docs/from-javascript.md"

// What the page says of Go and of the command line must exist.
func TestFromJavaScriptNamesWhatIsThere(t *testing.T) {
	text := readText(t, fromJavaScript)
	known := map[string][]string{"client": exported(t, "."), "api": exported(t, "../api")}
	known["c"], known["v"], known["failure"], known["Config"] = known["client"], known["client"], known["client"], known["client"]
	goText := text
	for _, script := range regexp.MustCompile("(?s)```js\n.*?```").FindAllString(text, -1) {
		goText = strings.ReplaceAll(goText, script, "")
	}
	found := 0
	for _, m := range regexp.MustCompile(`\b(client|api|c|v|failure|Config)\.([A-Z]\w*)`).FindAllStringSubmatch(goText, -1) {
		found++
		if !slices.Contains(known[m[1]], m[2]) {
			t.Errorf("%s is not there", m[0])
		}
	}
	if found < 60 {
		t.Errorf("only %d names were found on the page", found)
	}
	for i, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(text, -1) {
		if _, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc f() error {\n"+block[1]+"\n}", 0); err != nil {
			t.Errorf("block %d of Go: %v", i+1, err)
		}
	}
	commands := readText(t, "../docs/commands.md")
	for _, flag := range regexp.MustCompile(`(^|[\s\x60])(--[a-z-]+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(commands, " "+flag[2]+" ") {
			t.Errorf("no command has the flag %s", flag[2])
		}
	}
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exported lists the exported names of a package: its declarations, methods and
// fields.
func exported(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		p, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(p, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names = append(names, n.Name.Name)
			case *ast.TypeSpec:
				names = append(names, n.Name.Name)
			case *ast.ValueSpec:
				for _, name := range n.Names {
					names = append(names, name.Name)
				}
			case *ast.Field:
				for _, name := range n.Names {
					names = append(names, name.Name)
				}
			}
			return true
		})
	}
	return names
}
