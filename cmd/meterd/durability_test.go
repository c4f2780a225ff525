package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/ledger"
)

// startServe starts a real process that serves the load's marketplace.
func startServe(t *testing.T, data string) (*process, string) {
	t.Helper()
	p, api, _, err := startMeterd(t.TempDir(), filepath.Join(t.TempDir(), "log"), []string{"HOME=" + t.TempDir()},
		"serve", "--data", data, "--catalog", loadCatalog(t), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-level", "error")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Process.Kill()
		p.wait()
	})
	return p, api
}

// TestKilledServiceKeepsWhatItAnswered kills the process under load: what it
// answered is there, and a retry gets the same id.
func TestKilledServiceKeepsWhatItAnswered(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p, api := startServe(t, data)
	l := newLoad(api)
	var running sync.WaitGroup
	running.Go(l.run)
	l.waitFor(t, 500)
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.wait()
	running.Wait()
	l.check(t, data)

	again, api := startServe(t, data)
	l.url = api
	ids, status, err := l.send(http.DefaultClient, 0)
	if err != nil || status != http.StatusOK || len(ids) != loadBatch {
		t.Fatalf("the retry was answered %d %q %v", status, ids, err)
	}
	for n, id := range ids {
		if l.ids[n] != id {
			t.Errorf("the retry of record %d has id %s, was %s", n, id, l.ids[n])
		}
	}
	again.Process.Signal(syscall.SIGTERM)
	if code := again.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestTerminatedServiceLosesNothing ends the process in order under load:
// nobody gets another answer than Success, and what was answered is there.
func TestTerminatedServiceLosesNothing(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p, api := startServe(t, data)
	l := newLoad(api)
	var running sync.WaitGroup
	running.Go(l.run)
	l.waitFor(t, 500)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	running.Wait()
	l.check(t, data)
}

// TestTerminatedServiceFinishesWhatRuns has a request under way when the
// process is told to end: nobody else is let in, and this one is answered.
func TestTerminatedServiceFinishesWhatRuns(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p, api := startServe(t, data)
	l := newLoad(api)
	address := strings.TrimPrefix(api, "http://")
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	body := l.body(0)
	fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAuthorization: load\r\nX-Amz-Target: AWSMPMeteringService.BatchMeterUsage\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", address, len(body))
	answers := bufio.NewReader(connection)
	// The service asks for the body when it is about to read it.
	if line, err := answers.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("the service began with %q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}

	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		other, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		other.Close()
		if time.Now().After(end) {
			t.Fatal("the ending service still accepts connections")
		}
	}
	if _, err := connection.Write(body); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || strings.Count(string(text), `"Success"`) != loadBatch {
		t.Errorf("the answer is %d %s, %v", answer.StatusCode, text, err)
	}
	if code := p.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestSignalDuringStart runs a service that was told to end while it started.
func TestSignalDuringStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := &options{place: place{data: filepath.Join(t.TempDir(), "data")}, listen: "127.0.0.1:0", adminListen: "127.0.0.1:0"}
	if err := runServe(ctx, o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	// The store was closed in order: it can be opened again.
	if err := withLedger(t.Context(), o.data, func(*ledger.Ledger) error { return nil }); err != nil {
		t.Error(err)
	}
}
