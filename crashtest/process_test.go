package crashtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// patience is how long the test waits for what happens in milliseconds.
	patience = 30 * time.Second
	// clock is where the clock of every process starts. In the middle of a day
	// and of a month all hours that are metered are open.
	clock = "2026-11-15T12:00:00Z"
	token = "crashtest"
)

// binary builds meterd, once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs, "meterd")
	if out, err := exec.Command("go", "build", "-o", path, "../cmd/meterd").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building meterd: %w\n%s", err, out)
	}
	return path, nil
})

// programs is where the binary is built.
var programs string

func TestMain(m *testing.M) { os.Exit(withPrograms(m)) }

func withPrograms(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "meterd-crashtest-*"); err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the binary:", err)
		return 1
	}
	defer os.RemoveAll(programs)
	return m.Run()
}

// process is a meterd that serves a data directory.
type process struct {
	*exec.Cmd
	api, admin string
	log        *bytes.Buffer
	// ready is closed when it serves, or has ended without that.
	ready chan struct{}
	ended chan struct{}
}

var readyLine = regexp.MustCompile(`^meterd ready api=(\S+) admin=(\S+)$`)

// start starts a process. It is not ready yet.
func start(t *testing.T, data, catalog string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{
		Cmd: exec.Command(path, "serve", "--data", data, "--catalog", catalog, "--clock", clock, "--admin-token", token,
			"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-level", "error"),
		log: new(bytes.Buffer), ready: make(chan struct{}), ended: make(chan struct{}),
	}
	p.Env = []string{"HOME=" + t.TempDir()}
	p.Stderr = p.log
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go p.follow(stdout)
	t.Cleanup(p.kill)
	return p
}

func (p *process) follow(stdout io.Reader) {
	defer close(p.ended)
	told := false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if found := readyLine.FindStringSubmatch(lines.Text()); found != nil && !told {
			p.api, p.admin, told = found[1], found[2], true
			close(p.ready)
		}
	}
	p.Wait() // It says that it was killed.
	if !told {
		close(p.ready)
	}
}

// awaitReady waits until the process serves.
func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	select {
	case <-p.ready:
	case <-time.After(patience):
		t.Fatalf("meterd is not ready after %v", patience)
	}
	if p.api == "" {
		t.Fatalf("meterd ended before it was ready: %s", p.log)
	}
}

// kill ends the process as a crash does, at once.
func (p *process) kill() {
	p.Process.Kill()
	<-p.ended
}

// terminate ends the process in order.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	p.Process.Signal(syscall.SIGTERM)
	<-p.ended
	if code := p.ProcessState.ExitCode(); code != 0 {
		t.Errorf("meterd ended with %d: %s", code, p.log)
	}
}

// check proves a ledger that nobody has open, with the binary's own command.
func check(t *testing.T, data string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, "check", "--data", data).CombinedOutput(); err != nil {
		t.Fatalf("check: %v\n%s", err, out)
	}
}

// listed is a record as GET records lists it.
type listed struct {
	ID        string    `json:"id"`
	Hour      time.Time `json:"hour"`
	Product   string    `json:"product"`
	Customer  string    `json:"customer"`
	Resource  string    `json:"resource"`
	Dimension string    `json:"dimension"`
	Quantity  int32     `json:"quantity"`
	Call      uint64    `json:"call"`
}

// records lists what a service has accepted of one buyer, or of all.
func (p *process) records(t *testing.T, customer string) []listed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.admin+"records?customer="+customer, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/x-ndjson")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("listing records: %s", answer.Status)
	}
	var all []listed
	for lines := json.NewDecoder(answer.Body); lines.More(); {
		var l listed
		if err := lines.Decode(&l); err != nil {
			t.Fatalf("listing records: %v", err)
		}
		all = append(all, l)
	}
	return all
}
