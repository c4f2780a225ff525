package main

import (
	"bytes"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/meterd/meterd/internal/admin"
)

// printedTour returns what dev shows of a service at a URL.
func printedTour(t *testing.T, s *service, url, token string) string {
	t.Helper()
	tour, err := planTour(t.Context(), s.ledger, url, token)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	printReady(&out, url, url)
	tour.print(&out)
	return out.String()
}

func TestTourFitsOnAScreen(t *testing.T) {
	s := demoService(t, &options{})
	text := printedTour(t, s, "http://127.0.0.1:8421", "")
	if lines := strings.Count(text, "\n"); lines > 40 {
		t.Errorf("it has %d lines:\n%s", lines, text)
	}
	if !strings.Contains(text, " records\n") {
		t.Errorf("the way to the records names an address that is the default:\n%s", text)
	}
	if text := printedTour(t, s, "http://127.0.0.1:9999", "secret"); !strings.Contains(text, "export METERD_ADMIN_TOKEN=secret\n") || !strings.Contains(text, " records --admin-url http://127.0.0.1:9999\n") {
		t.Errorf("it lacks the admin token or address:\n%s", text)
	}
}

// TestOpenSandboxHasAToken starts a sandbox that other machines can reach.
func TestOpenSandboxHasAToken(t *testing.T) {
	p, api, _, err := startMeterd(t.TempDir(), filepath.Join(t.TempDir(), "log"), []string{"HOME=" + t.TempDir()}, "dev", "--listen", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(api, "http://127.0.0.1:") {
		t.Errorf("it says that it is at %s", api)
	}
	if status, body := get(t, http.DefaultClient, api+admin.Prefix+"state"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", status, body)
	}
	p.Process.Signal(syscall.SIGTERM)
	if code := p.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if !regexp.MustCompile(`(?m)^  export METERD_ADMIN_TOKEN=\S{40,}$`).MatchString(p.stdout.String()) {
		t.Errorf("no token is printed:\n%s", &p.stdout)
	}
}

// TestPrintedCurlWorks runs the command for curl as a person would.
func TestPrintedCurlWorks(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl on this machine: what dev prints for curl was NOT tried")
	}
	s := demoService(t, &options{})
	url := serving(t, s, func(*listener) {})
	command := regexp.MustCompile(`(?m)^  (curl .*)$`).FindStringSubmatch(printedTour(t, s, url, ""))
	if command == nil {
		t.Fatal("no command for curl is printed")
	}
	out, err := exec.Command("sh", "-c", command[1]+" --silent --show-error").CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"Status":"Success"`) {
		t.Errorf("%s\nanswers %s, %v", command[1], out, err)
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"plain-1.0/x+y=z": "plain-1.0/x+y=z",
		"":                "''",
		"two words":       "'two words'",
		"it's":            `'it'\''s'`,
		"$HOME":           "'$HOME'",
		"a;b":             "'a;b'",
	} {
		if got := quote(text); got != want {
			t.Errorf("quote(%q) = %s, want %s", text, got, want)
		}
		out, err := exec.Command("sh", "-c", "printf %s "+quote(text)).Output()
		if err != nil || string(out) != text {
			t.Errorf("a shell reads quote(%q) as %q, %v", text, out, err)
		}
	}
}
