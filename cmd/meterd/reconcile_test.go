package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/reconcile"
)

// reconcile runs the real command and returns its exit code and what it printed.
func (s *seller) reconcile(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	return s.command(t, append([]string{"reconcile"}, args...)...)
}

func (s *seller) command(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	p, err := beginMeterd(s.home, log, []string{"HOME=" + s.home}, args...)
	if err != nil {
		t.Fatal(err)
	}
	code = p.wait()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return code, p.stdout.String() + string(text)
}

// TestReconcileAgent compares the ledger of a real agent with the service's,
// while both run and after both were killed.
func TestReconcileAgent(t *testing.T) {
	s := &seller{home: t.TempDir(), data: filepath.Join(t.TempDir(), "ledger"), outbox: filepath.Join(t.TempDir(), "outbox")}
	s.start(t)
	t.Cleanup(func() { s.kill() })
	s.send(t, "POST", s.agentAPI+"/v1/events", `{"id":"e1","customer":"cust-active","dimension":"users","quantity":5}`)
	s.send(t, "POST", s.agentAPI+"/v1/events", `{"id":"e2","customer":"cust-active","dimension":"gb","quantity":2}`)
	s.send(t, "PUT", s.api+"/_meterd/clock", `{"advance":"1h5m"}`)
	s.await(t, 2)
	running := []string{"--agent-url", s.agentAPI, "--admin-url", s.api}
	if code, out := s.reconcile(t, running...); code != exitOK || !strings.Contains(out, "equal: 2 records") {
		t.Errorf("running: exit code %d\n%s", code, out)
	}
	// A dead letter is a difference until somebody gives it up.
	s.send(t, "POST", s.agentAPI+"/v1/events", `{"id":"e3","customer":"cust-pending","dimension":"users","quantity":7}`)
	s.send(t, "PUT", s.api+"/_meterd/clock", `{"advance":"1h5m"}`)
	s.awaitDead(t)
	if code, out := s.reconcile(t, running...); code != exitDifferent || !strings.Contains(out, "sent and refused: 1 record.") || !strings.Contains(out, "equal: 2 records") {
		t.Errorf("with a dead letter: exit code %d\n%s", code, out)
	}
	if code, out := s.command(t, "agent", "discard", "--all", "--why", "a test", "--who", "me", "--agent-url", s.agentAPI); code != exitOK {
		t.Fatalf("discarding: exit code %d\n%s", code, out)
	}
	if code, out := s.reconcile(t, running...); code != exitOK || !strings.Contains(out, "equal: 2 records") {
		t.Errorf("discarded: exit code %d\n%s", code, out)
	}
	if code, out := s.reconcile(t, "--outbox", s.outbox, "--admin-url", s.api); code != exitFailed || !strings.Contains(out, "ask it (--agent-url)") {
		t.Errorf("an outbox in use: exit code %d\n%s", code, out)
	}
	s.kill()
	stopped := []string{"--outbox", s.outbox, "--data", s.data}
	if code, out := s.reconcile(t, stopped...); code != exitOK || !strings.Contains(out, "equal: 2 records") {
		t.Errorf("killed: exit code %d\n%s", code, out)
	}
	// The outbox is lost: what it told is nobody's.
	if err := os.RemoveAll(s.outbox); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.outbox, 0o700); err != nil {
		t.Fatal(err)
	}
	if code, out := s.reconcile(t, stopped...); code != exitFailed || !strings.Contains(out, "holds no outbox") {
		t.Errorf("an empty directory: exit code %d\n%s", code, out)
	}
	empty, err := outbox.Open(s.outbox, outbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := empty.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out := s.reconcile(t, stopped...); code != exitDifferent || !strings.Contains(out, "not ours: 2 records.") {
		t.Errorf("lost: exit code %d\n%s", code, out)
	}
}

// awaitDead waits for a dead letter.
func (s *seller) awaitDead(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if strings.Contains(s.send(t, "GET", s.agentAPI+"/v1/records", ""), `"state":"dead"`) {
			return
		}
	}
	t.Fatalf("the agent has %s", s.send(t, "GET", s.agentAPI+"/v1/records", ""))
}

func TestStateOf(t *testing.T) {
	for name, test := range map[string]struct {
		state    outbox.State
		attempts int
		cause    outbox.Cause
		want     reconcile.State
	}{
		"waits":             {outbox.Pending, 0, "", reconcile.Planned},
		"sent":              {outbox.Pending, 1, "", reconcile.Sent},
		"accepted":          {outbox.Done, 1, "", reconcile.Accepted},
		"refused":           {outbox.Dead, 1, "DuplicateRecord", reconcile.Refused},
		"never sent":        {outbox.Dead, 0, outbox.CauseExpired, reconcile.Planned},
		"sent, and expired": {outbox.Dead, 3, outbox.CauseExpired, reconcile.Sent},
		"discarded":         {outbox.Discarded, 1, "", reconcile.Withdrawn},
		"carried":           {outbox.Carried, 1, "", reconcile.Withdrawn},
		"nothing to bill":   {outbox.Void, 0, "", reconcile.Withdrawn},
	} {
		if got := stateOf(test.state, test.attempts, test.cause); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
