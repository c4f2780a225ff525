package main

import (
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// replica is a real process that serves from a database.
type replica struct {
	*process
	api, admin string
}

const replicaToken = "replica-token"

// startReplicas starts several at the same time.
func startReplicas(t testing.TB, url, catalog string, n int) []replica {
	t.Helper()
	replicas := make([]replica, n)
	var starting sync.WaitGroup
	for i := range replicas {
		starting.Go(func() {
			r, env := &replicas[i], []string{"HOME=" + t.TempDir(), "METERD_STORE=" + url, "METERD_ADMIN_TOKEN=" + replicaToken}
			var err error
			r.process, r.api, r.admin, err = startMeterd(t.TempDir(), filepath.Join(t.TempDir(), "log"), env,
				"serve", "--catalog", catalog, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-level", "error")
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() {
				r.Process.Kill()
				r.wait()
			})
		})
	}
	if starting.Wait(); t.Failed() {
		t.FailNow()
	}
	return replicas
}

// operate sends an operator's request and returns the answer's body.
func (r replica) operate(t *testing.T, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequest(method, r.admin+"/_meterd/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+replicaToken)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v: %s", method, path, answer.Status, err, text)
	}
	return string(text)
}

// TestReplicasFollowTheMarketplace: what an operator does at one replica, another
// learns of by itself.
func TestReplicasFollowTheMarketplace(t *testing.T) {
	replicas := startReplicas(t, pgtest.Database(t), loadCatalog(t), 2)
	one, two := replicas[0], replicas[1]
	const catalog = `{"buyers": [{"account": "444455556666", "customerIdentifier": "newcomer"}]}`
	one.operate(t, http.MethodPut, "catalog", catalog)
	for deadline := time.Now().Add(patience); !strings.Contains(two.operate(t, http.MethodGet, "catalog", ""), "newcomer"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the other replica does not know the newcomer")
		}
	}
}

// TestReplicasShareALedger: what one process has answered, another answers the
// same way, also when the first was killed under load; and the ledger is sound.
func TestReplicasShareALedger(t *testing.T) {
	url := pgtest.Database(t)
	replicas := startReplicas(t, url, loadCatalog(t), 2)
	p, other := replicas[0], replicas[1]
	l := newLoad(p.api)
	var running sync.WaitGroup
	running.Go(l.run)
	l.waitFor(t, 200)
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.wait()
	running.Wait()

	l.url = other.api
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
