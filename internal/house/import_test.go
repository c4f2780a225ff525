package house

import (
	"encoding/json"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// room is a package and what it may import.
type room struct {
	path string
	// ours are the rooms it may import; "*" is any.
	ours string
	// outside are the modules it may import beside the standard library; "*"
	// is any.
	outside string
	// testOnly rooms hold tests and a package comment.
	testOnly bool
}

// rooms is the import law. It binds the code that is built into the binary;
// tests may import what they test against.
var rooms = []room{
	{path: ".", testOnly: true},
	{path: "api"},
	{path: "bench", ours: "api internal/marketplace internal/metering"},
	{path: "bench/ceiling", ours: "api bench internal/auth internal/marketplace internal/wire"},
	{path: "bench/compare", ours: "*"},
	{path: "client", ours: "api", outside: "github.com/aws/aws-sdk-go-v2 github.com/aws/smithy-go github.com/golang-jwt/jwt/v5 github.com/google/uuid golang.org/x/time"},
	{path: "recorder", ours: "api client internal/metering internal/outbox internal/sender"},
	{path: "cmd/meterd", ours: "*", outside: "*"},
	{path: "crashtest", testOnly: true},

	{path: "internal/metering"},
	{path: "internal/marketplace", ours: "internal/metering"},
	{path: "internal/sigv4"},
	{path: "internal/clock"},
	{path: "internal/audit"},
	{path: "internal/gate"},
	{path: "internal/pebbledir", outside: "github.com/cockroachdb/pebble/v2"},

	{path: "internal/wire", ours: "api"},
	{path: "internal/auth", ours: "internal/sigv4 internal/marketplace internal/metering"},
	{path: "internal/server", ours: "api internal/wire internal/auth internal/ledger internal/metering internal/marketplace", outside: "github.com/google/uuid github.com/prometheus/client_golang golang.org/x/time"},

	{path: "internal/store", ours: "internal/audit"},
	{path: "internal/store/memstore", ours: "internal/store internal/audit"},
	{path: "internal/store/pebblestore", ours: "internal/store internal/audit internal/gate internal/pebbledir", outside: "github.com/cockroachdb/pebble/v2"},
	{path: "internal/store/pgstore", ours: "internal/store internal/audit internal/gate", outside: "github.com/jackc/pgx/v5"},
	{path: "internal/store/pgstore/pgtest", ours: "internal/notrun", outside: "github.com/jackc/pgx/v5"},
	{path: "internal/store/storetest", ours: "internal/store internal/audit", outside: "github.com/google/go-cmp"},
	{path: "internal/checkpoint", ours: "internal/store"},
	{path: "internal/retention", ours: "internal/store internal/checkpoint"},
	{path: "internal/ledger", ours: "internal/metering internal/marketplace internal/store internal/audit internal/clock internal/checkpoint internal/retention", outside: "github.com/golang-jwt/jwt/v5"},

	{path: "internal/outbox", ours: "internal/gate internal/metering internal/pebbledir", outside: "github.com/cockroachdb/pebble/v2"},
	{path: "internal/intake", ours: "internal/metering"},
	{path: "internal/plan", ours: "internal/intake internal/metering internal/mistake internal/outbox", outside: "github.com/goccy/go-yaml"},
	{path: "internal/sender", ours: "api client internal/metering internal/outbox"},
	{path: "internal/agent", ours: "client internal/clock internal/intake internal/metering internal/outbox internal/plan internal/sender", outside: "github.com/aws/aws-sdk-go-v2 github.com/prometheus/client_golang golang.org/x/time"},

	{path: "internal/check", ours: "internal/store internal/audit internal/metering internal/retention"},

	{path: "internal/backup"},
	{path: "internal/transfer", ours: "internal/store internal/audit"},

	{path: "internal/mistake", outside: "github.com/goccy/go-yaml"},
	{path: "internal/catalog", ours: "internal/marketplace internal/metering internal/mistake", outside: "github.com/goccy/go-yaml"},
	{path: "internal/admin", ours: "internal/ledger internal/catalog internal/clock internal/marketplace internal/metering internal/mistake internal/store internal/checkpoint internal/backup internal/retention", outside: "github.com/prometheus/client_golang"},

	{path: "internal/usagefile", ours: "api client"},
	{path: "internal/reconcile"},

	{path: "internal/house", testOnly: true},
	{path: "internal/notrun"},
	{path: "internal/notrun/list", ours: "internal/notrun"},
	{path: "examples", testOnly: true},
	{path: "examples/container", ours: "api client"},
	{path: "examples/landing", ours: "client recorder"},
	{path: "examples/webapp", ours: "recorder"},
	{path: "scripts", testOnly: true},
	{path: "sellertest", testOnly: true},
	{path: "livetest", testOnly: true},
	{path: "livetest/go-v2", outside: "github.com/aws/aws-sdk-go-v2 github.com/aws/smithy-go"},
}

// listed is what the go command says of a package.
type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) map[string]listed {
	t.Helper()
	command := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	command.Dir = root
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return found
		} else if err != nil {
			t.Fatalf("reading go list: %v", err)
		}
		found[roomOf(p.ImportPath)] = p
	}
}

// roomOf shortens the import path of a package of ours.
func roomOf(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func TestImportLaw(t *testing.T) {
	found := packages(t)
	for _, r := range rooms {
		p, ok := found[r.path]
		if !ok {
			t.Errorf("the law has a room %s, the house has not", r.path)
			continue
		}
		delete(found, r.path)
		for _, path := range p.Imports {
			if !r.may(path) {
				t.Errorf("%s imports %s, which the law does not let it (rooms in import_test.go)", r.path, roomOf(path))
			}
		}
	}
	for path := range found {
		t.Errorf("room %s is not in the law (rooms in import_test.go)", path)
	}
}

func (r room) may(path string) bool {
	switch {
	case path == module || strings.HasPrefix(path, module+"/"):
		return r.ours == "*" || slices.Contains(strings.Fields(r.ours), roomOf(path))
	case !strings.Contains(strings.Split(path, "/")[0], "."):
		return !r.testOnly
	case r.outside == "*":
		return true
	}
	return slices.ContainsFunc(strings.Fields(r.outside), func(module string) bool {
		return path == module || strings.HasPrefix(path, module+"/")
	})
}

// TestArchitectureTellsTheLaw compares the third column of the table in
// ARCHITECTURE.md with the law.
func TestArchitectureTellsTheLaw(t *testing.T) {
	told := map[string]string{}
	for line := range strings.Lines(read(t, "ARCHITECTURE.md")) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if name, ok := strings.CutPrefix(cells[0], "| `"); ok && len(cells) == 3 {
			told[strings.TrimSuffix(name, "`")] = strings.TrimSuffix(cells[2], " |")
		}
	}
	for _, r := range rooms {
		// The root is a guided tour, and a room in a room is its parent's.
		if r.path == "." || slices.ContainsFunc(rooms, func(parent room) bool { return strings.HasPrefix(r.path, parent.path+"/") }) {
			continue
		}
		if got, want := told[r.path], r.words(); got != want {
			t.Errorf("ARCHITECTURE.md says that %s may import %q, the law says %q", r.path, got, want)
		}
		delete(told, r.path)
	}
	for path := range told {
		t.Errorf("ARCHITECTURE.md has a room %s, the law has not", path)
	}
}

func (r room) words() string {
	switch {
	case r.testOnly:
		return "test only"
	case r.ours == "*":
		return "anything"
	case r.ours == "":
		return "nothing"
	}
	names := strings.Fields(r.ours)
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, "internal/")
	}
	return strings.Join(names, ", ")
}

// TestDependenciesAreDecided looks for each module that is imported, also by
// tests, in the decision on dependencies.
func TestDependenciesAreDecided(t *testing.T) {
	const decision = "docs/decisions/0008-dependencies.md"
	text := read(t, decision)
	missing := map[string]string{}
	for name, p := range packages(t) {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			first, _, _ := strings.Cut(path, "/")
			if ours := path == module || strings.HasPrefix(path, module+"/"); ours || !strings.Contains(first, ".") {
				continue
			}
			named := slices.ContainsFunc(namedModules.FindAllStringSubmatch(text, -1), func(m []string) bool {
				return path == m[1] || strings.HasPrefix(path, m[1]+"/")
			})
			if !named {
				missing[path] = name
			}
		}
	}
	for path, name := range missing {
		t.Errorf("%s imports %s, which %s does not name", name, path, decision)
	}
}

// namedModules are the modules in a row of a table.
var namedModules = regexp.MustCompile("(?m)^\\| `([a-z0-9.]+\\.[a-z]+/[^`]+)`")
