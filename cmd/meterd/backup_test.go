package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// runMeterd runs a command and returns all that it says.
func runMeterd(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	p, err := beginMeterd(t.TempDir(), log, []string{"HOME=" + t.TempDir()}, args...)
	if err != nil {
		t.Fatal(err)
	}
	code = p.wait()
	stderr, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return code, p.stdout.String() + string(stderr)
}

// must runs a command that must succeed.
func must(t *testing.T, args ...string) (text string) {
	t.Helper()
	code, text := runMeterd(t, args...)
	if code != exitOK {
		t.Fatalf("meterd %s: exit code %d\n%s", strings.Join(args, " "), code, text)
	}
	return text
}

// TestBackupUnderLoad backs a service up again and again while it meters as fast
// as it can. Each backup is a sound ledger, and has all that was answered before
// it began.
func TestBackupUnderLoad(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	p, api, admin, err := startMeterd(dir, filepath.Join(dir, "log"), []string{"HOME=" + dir},
		"serve", "--data", data, "--catalog", loadCatalog(t), "--admin-token", "secret", "--log-level", "error",
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Process.Kill()
		p.wait()
	})
	l := newLoad(api)
	var running sync.WaitGroup
	running.Go(l.run)
	var before []map[int]string
	var heads []string
	for n := range 3 {
		l.waitFor(t, 500*(n+1))
		l.mu.Lock()
		before = append(before, maps.Clone(l.ids))
		l.mu.Unlock()
		head := filepath.Join(dir, fmt.Sprint("checkpoint", n))
		if err := os.WriteFile(head, []byte(must(t, "checkpoint", "--admin-url", admin, "--admin-token", "secret")), 0o600); err != nil {
			t.Fatal(err)
		}
		heads = append(heads, head)
		must(t, "backup", "--admin-url", admin, "--admin-token", "secret", filepath.Join(dir, fmt.Sprint(n, ".tar")))
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	running.Wait()
	for n := range before {
		restored := filepath.Join(dir, fmt.Sprint("restored", n))
		must(t, "restore", filepath.Join(dir, fmt.Sprint(n, ".tar")), "--data", restored)
		must(t, "check", "--data", restored, "--since", heads[n])
		answered := &load{ids: before[n]}
		answered.check(t, restored)
	}
	must(t, "check", "--data", data, "--since", heads[0], "--since", heads[1], "--since", heads[2])
}
