package main

import (
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// startReplica starts a real process that serves the load's marketplace from a
// database.
func startReplica(t *testing.T, url, catalog string) (*process, string) {
	t.Helper()
	p, api, _, err := startMeterd(t.TempDir(), filepath.Join(t.TempDir(), "log"), []string{"HOME=" + t.TempDir(), "METERD_STORE=" + url},
		"serve", "--catalog", catalog, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-level", "error")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Process.Kill()
		p.wait()
	})
	return p, api
}

// TestReplicasShareALedger: what one process has answered, another answers the
// same way, also when the first was killed under load; and the ledger is sound.
func TestReplicasShareALedger(t *testing.T) {
	url := pgtest.Database(t)
	catalog := loadCatalog(t)
	p, api := startReplica(t, url, catalog)
	other, otherAPI := startReplica(t, url, catalog)
	l := newLoad(api)
	var running sync.WaitGroup
	running.Go(l.run)
	l.waitFor(t, 200)
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.wait()
	running.Wait()

	l.url = otherAPI
	answered := maps.Clone(l.ids)
	for first := 0; first < l.next; first += loadBatch {
		ids, status, err := l.send(http.DefaultClient, first)
		if err != nil || status != http.StatusOK || len(ids) != loadBatch {
			t.Fatalf("the other replica answered %d %q %v", status, ids, err)
		}
		for i, id := range ids {
			if was := answered[first+i]; was != "" && was != id {
				t.Errorf("record %d has the id %s, and was answered with %s", first+i, id, was)
			}
		}
	}
	other.Process.Signal(syscall.SIGTERM)
	if code := other.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	code, text := runCheck(t, url)
	if code != exitOK || !regexp.MustCompile(`(?s)head \d+:.*head 1/\d+:.*the ledger is sound`).MatchString(text) {
		t.Errorf("exit code %d of check, which says\n%s", code, text)
	}
}

func TestCheckMakesNoLedgerWhereNoneIs(t *testing.T) {
	if code, text := runCheck(t, pgtest.Database(t)); code != exitFailed || !strings.Contains(text, "holds no ledger") {
		t.Errorf("exit code %d of check, which says\n%s", code, text)
	}
}

// runCheck runs meterd check over a database and returns all that it says.
func runCheck(t *testing.T, url string) (code int, text string) {
	t.Helper()
	return runMeterd(t, "check", "--store", url)
}
