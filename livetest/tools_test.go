package livetest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/meterd/meterd/internal/notrun"
)

// The commands as Debian has them. A version manager may put others before
// them on the PATH, with other versions of the SDKs.
const (
	pythonCommand   = "/usr/bin/python3"
	awsCommand      = "/usr/bin/aws"
	chromiumCommand = "/usr/bin/chromium"
)

// nodeMajorMin is the oldest Node that the newest of the clients runs on.
const nodeMajorMin = 20

var (
	inCI = os.Getenv("CI") == "true"
	// mayInstall lets the tests fetch what the clients need. Without it they
	// run what an earlier run has fetched, and touch no network.
	mayInstall = inCI || os.Getenv("METERD_LIVE") == "1"
)

// missing ends a test that lacks a tool. In CI, where nobody reads the names of
// skipped tests, that is a failure.
func missing(t *testing.T, what string, err error) {
	t.Helper()
	if inCI {
		t.Fatalf("%s: %v", what, err)
	}
	notrun.Skip(t, "this client was not tried against meterd: %s: %v (`make live` installs what npm and Go can fetch; livetest/README.md lists the Debian packages)", what, err)
}

// program is how a client is run, without the settings file.
type program struct {
	args []string
	env  []string
}

// node runs a client in Node.
func node(folder string) func(*testing.T) program {
	return func(t *testing.T) program {
		t.Helper()
		modules, err := nodeModules()
		if err != nil {
			missing(t, "the clients from npm are not installed", err)
		}
		return program{[]string{"node", filepath.Join(folder, "run.js")}, []string{"NODE_PATH=" + modules}}
	}
}

func openAPIGenerator(t *testing.T) program {
	t.Helper()
	if _, err := exec.LookPath("java"); err != nil {
		missing(t, "OpenAPI Generator needs Java", err)
	}
	return node("openapi-generator")(t)
}

func inBrowser(t *testing.T) program {
	t.Helper()
	if _, err := os.Stat(chromiumCommand); err != nil {
		missing(t, "there is no browser", err)
	}
	return node("browser")(t)
}

// python runs a client in Python, which must be able to run the probe.
func python(folder, probe string) func(*testing.T) program {
	return func(t *testing.T) program {
		t.Helper()
		if out, err := exec.Command(pythonCommand, "-c", probe).CombinedOutput(); err != nil {
			missing(t, folder+" is not installed", fmt.Errorf("%w %s", err, out))
		}
		return program{args: []string{pythonCommand, filepath.Join(folder, "run.py")}}
	}
}

func awsCLI(t *testing.T) program {
	t.Helper()
	if _, err := os.Stat(awsCommand); err != nil {
		missing(t, "aws-cli is not installed", err)
	}
	return python("aws-cli", "import json")(t)
}

// golang builds a client in Go and runs it.
func golang(folder string) func(*testing.T) program {
	return func(t *testing.T) program {
		t.Helper()
		binary := filepath.Join(t.TempDir(), folder)
		build := exec.Command("go", "build", "-o", binary, ".")
		build.Dir = folder
		if !mayInstall {
			build.Env = append(os.Environ(), "GOPROXY=off")
		}
		if out, err := build.CombinedOutput(); err != nil {
			missing(t, folder+" cannot be built", fmt.Errorf("%w\n%s", err, out))
		}
		return program{args: []string{binary}}
	}
}

// nodeModules returns the folder of the clients' packages, having filled it if
// it may. The folder is outside the repository, because some of what npm brings
// would be taken for ours, and named after the lockfile, so that a changed one
// is installed anew.
var nodeModules = sync.OnceValues(func() (string, error) {
	if err := checkNode(); err != nil {
		return "", err
	}
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "meterd", fmt.Sprintf("livetest-%.6x", sha256.Sum256(lock)))
	modules := filepath.Join(folder, "node_modules")
	if _, err := os.Stat(modules); err == nil || !mayInstall {
		return modules, err
	}
	return modules, install(folder)
})

func checkNode() error {
	version, err := exec.Command("node", "--version").Output()
	if err != nil {
		return err
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < nodeMajorMin {
		return fmt.Errorf("node is %s, it must be %d or newer", strings.TrimSpace(string(version)), nodeMajorMin)
	}
	return nil
}

// The lockfile must install from npm's own registry, whoever wrote it.
func TestLockfileNamesNoOtherRegistry(t *testing.T) {
	text, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Resolved, Integrity string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	for path, p := range lock.Packages {
		if p.Resolved != "" && !strings.HasPrefix(p.Resolved, "https://registry.npmjs.org/") {
			t.Errorf("%s comes from %s", path, p.Resolved)
		}
		if path != "" && p.Integrity == "" {
			t.Errorf("%s has no integrity", path)
		}
	}
}

// install runs npm beside folder and renames, so that folder is whole or absent.
func install(folder string) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), "installing-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(fresh, name), text, 0o644); err != nil {
			return err
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = fresh
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return os.Rename(fresh, folder)
}
