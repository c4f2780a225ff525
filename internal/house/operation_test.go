package house

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/agent"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/store/memstore"
)

const (
	operationsFile = "docs/operations.md"
	commandsFile   = "docs/commands.md"
)

var (
	metricName = regexp.MustCompile(`^meterd_[a-z_]+$`)
	metricRow  = regexp.MustCompile("(?m)^\\| `(meterd_[a-z_]+)` ")
)

// TestMetricsAreDocumented compares the names of metrics in the code with the
// table in operations.md, both ways.
func TestMetricsAreDocumented(t *testing.T) {
	var registered []string
	for _, f := range goFiles(t) {
		if f.test() {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok {
				if name, err := strconv.Unquote(literal.Value); err == nil && metricName.MatchString(name) {
					registered = append(registered, name)
				}
			}
			return true
		})
	}
	var documented []string
	for _, m := range metricRow.FindAllStringSubmatch(read(t, operationsFile), -1) {
		documented = append(documented, m[1])
	}
	if len(registered) == 0 {
		t.Fatal("no metric was found in the code")
	}
	for _, name := range registered {
		if !slices.Contains(documented, name) {
			t.Errorf("metric %s is not in the table of %s", name, operationsFile)
		}
	}
	for _, name := range documented {
		if !slices.Contains(registered, name) {
			t.Errorf("%s documents metric %s, which is not in the code", operationsFile, name)
		}
	}
}

// TestAdminSurfaceIsDocumented keeps the table of the admin surface, as that
// itself lists what there is.
func TestAdminSurfaceIsDocumented(t *testing.T) {
	books, err := ledger.Open(t.Context(), ledger.Config{Store: memstore.New()})
	if err != nil {
		t.Fatal(err)
	}
	surface := admin.New(admin.Config{Ledger: books, Metrics: prometheus.NewRegistry(), Pprof: true})
	answer := httptest.NewRecorder()
	surface.ServeHTTP(answer, httptest.NewRequest("GET", "http://localhost"+admin.Prefix, nil))
	var index struct {
		Exists []struct{ Method, Path, Doc string }
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &index); err != nil || len(index.Exists) == 0 {
		t.Fatalf("the list of the admin surface: %v: %s", err, answer.Body)
	}
	var b strings.Builder
	b.WriteString("| request | what |\n|---|---|\n")
	for _, e := range index.Exists {
		fmt.Fprintf(&b, "| `%s %s` | %s |\n", e.Method, e.Path, strings.ReplaceAll(e.Doc, "|", "\\|"))
	}
	keep(t, operationsFile, generated(t, read(t, operationsFile), "admin", b.String()))
}

// TestAgentAPIIsDocumented keeps the table of the agent's API.
func TestAgentAPIIsDocumented(t *testing.T) {
	const file = "docs/agent.md"
	var b strings.Builder
	b.WriteString("| request | what |\n|---|---|\n")
	for _, r := range agent.Routes() {
		fmt.Fprintf(&b, "| `%s %s` | %s |\n", r.Method, r.Path, r.Doc)
	}
	keep(t, file, generated(t, read(t, file), "api", b.String()))
}

// TestCommandsAreDocumented keeps commands.md, which is what the binary says of
// itself.
func TestCommandsAreDocumented(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "meterd")
	build := exec.Command("go", "build", "-o", binary, "./cmd/meterd")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the binary: %v\n%s", err, out)
	}
	var b strings.Builder
	b.WriteString("# Commands\n\nWhat `meterd help` says of each command. This page is generated; the texts are in\n`cmd/meterd`.\n")
	describe(t, &b, binary, "meterd")
	keep(t, commandsFile, b.String())
}

// describe writes the help of a command, and then of those below it.
func describe(t *testing.T, b *strings.Builder, binary, command string) {
	t.Helper()
	ask := exec.Command(binary, append(strings.Fields(command)[1:], "--help")...)
	ask.Env = []string{"HOME=" + t.TempDir()}
	help, err := ask.Output()
	if err != nil {
		t.Fatalf("%s --help: %v", command, err)
	}
	fmt.Fprintf(b, "\n## %s\n\n```\n%s\n```\n", command, strings.TrimSpace(string(help)))
	for _, name := range subcommands(string(help)) {
		describe(t, b, binary, command+" "+name)
	}
}

var (
	section    = regexp.MustCompile(`^[A-Z].*:$`)
	subcommand = regexp.MustCompile(`^  ([a-z][a-z-]*) +\S`)
)

// subcommands reads the names in the lists of commands of a help text. help
// describes what is described here.
func subcommands(help string) (names []string) {
	listing := false
	for line := range strings.Lines(help) {
		line = strings.TrimSuffix(line, "\n")
		switch m := subcommand.FindStringSubmatch(line); {
		case section.MatchString(line):
			listing = !slices.Contains([]string{"Usage:", "Examples:", "Flags:", "Global Flags:", "Aliases:"}, line)
		case line == "":
			listing = false
		case listing && m != nil && m[1] != "help":
			names = append(names, m[1])
		}
	}
	return names
}
