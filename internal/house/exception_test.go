package house

import (
	"fmt"
	"go/ast"
	"strconv"
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
)

// TestProtocolListsExceptions keeps the table of modelled exceptions, and sees
// to it that the others are told of too.
func TestProtocolListsExceptions(t *testing.T) {
	text := read(t, protocolFile)
	leading := rulesByException(t)
	var b strings.Builder
	b.WriteString("| exception | status | operations | rules that lead to it |\n|---|---|---|---|\n")
	for _, e := range api.Exceptions {
		operations := make([]string, len(e.Operations))
		for i, operation := range e.Operations {
			operations[i] = string(operation)
		}
		if len(operations) == len(api.Operations) {
			operations = []string{"all"}
		}
		rules := leading[e.Name]
		if len(rules) == 0 {
			rules = []string{"–"}
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", e.Name, e.Status, strings.Join(operations, ", "), strings.Join(rules, ", "))
	}
	text = generated(t, text, "exceptions", b.String())
	keep(t, protocolFile, text)
	for name := range constants(t, "api/error.go") {
		if !strings.Contains(text, "| "+name+" |") {
			t.Errorf("%s has no table row for %s", protocolFile, name)
		}
	}
}

// rulesByException reads the server's table of refusals, which no other room
// can see, from its source.
func rulesByException(t *testing.T) map[api.ExceptionName][]string {
	t.Helper()
	rules := constants(t, "internal/metering/refusal.go")
	found, byConstant := map[api.ExceptionName][]string{}, map[string]string{}
	ast.Inspect(fileOf(t, "internal/server/refusal.go"), func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			key, isRule := pair.Key.(*ast.SelectorExpr)
			value, isName := pair.Value.(*ast.SelectorExpr)
			if isRule && isName {
				byConstant[key.Sel.Name] = value.Sel.Name
			}
		}
		return true
	})
	for _, rule := range metering.Rules {
		constant := ""
		for name, value := range rules {
			if value == string(rule) {
				constant = name
			}
		}
		exception, ok := byConstant[constant]
		if !ok {
			t.Errorf("rule %s has no exception in internal/server/refusal.go", rule)
			continue
		}
		found[api.ExceptionName(exception)] = append(found[api.ExceptionName(exception)], "`"+string(rule)+"`")
	}
	return found
}

func fileOf(t *testing.T, path string) *ast.File {
	t.Helper()
	for _, f := range goFiles(t) {
		if f.path == path {
			return f.File
		}
	}
	t.Fatalf("there is no %s", path)
	return nil
}

// constants returns the text constants of a file.
func constants(t *testing.T, path string) map[string]string {
	t.Helper()
	found := map[string]string{}
	ast.Inspect(fileOf(t, path), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			if value, err := strconv.Unquote(literal.Value); err == nil {
				found[spec.Names[0].Name] = value
			}
		}
		return true
	})
	return found
}
