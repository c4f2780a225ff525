package notrun

import (
	"os"
	"path/filepath"
	"testing"
)

// skipper notes the skip instead of taking part in it.
type skipper struct {
	testing.TB
	reason string
}

func (s *skipper) Name() string     { return "TestMoon" }
func (s *skipper) Skip(args ...any) { s.reason = args[0].(string) }

func TestSkipTellsTheTerminal(t *testing.T) {
	terminal = filepath.Join(t.TempDir(), "tty")
	if err := os.WriteFile(terminal, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &skipper{TB: t}
	Skip(s, "there is no %s", "moon")
	text, err := os.ReadFile(terminal)
	if want := "NOT RUN: there is no moon"; err != nil || s.reason != want || string(text) != "TestMoon: "+want+"\n" {
		t.Errorf("skipped with %q; the terminal has %q, %v", s.reason, text, err)
	}
	terminal = filepath.Join(t.TempDir(), "none")
	if Skip(s, "again"); s.reason != "NOT RUN: again" {
		t.Errorf("without a terminal: %q", s.reason)
	}
}
