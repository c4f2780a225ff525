package livetest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTime and stopTime are the longest that a server may take for either.
const (
	startTime = 20 * time.Second
	stopTime  = 20 * time.Second
)

// ready is the line that a server prints when it takes calls.
var ready = regexp.MustCompile(`^meterd ready api=(\S+) `)

// programs is where binaries are built.
var programs string

func TestMain(m *testing.M) {
	os.Exit(withPrograms(m))
}

func withPrograms(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "meterd-livetest-*"); err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the binaries:", err)
		return 1
	}
	defer os.RemoveAll(programs)
	return m.Run()
}

// meterd builds the binary, once for all tests.
var meterd = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programs, "meterd")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/meterd").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building meterd: %w\n%s", err, out)
	}
	return program, nil
})

// serve starts a server with the catalog and an empty ledger, stops it when the
// test ends, and returns its endpoint. SDKs sign with the time of this machine,
// so the server has it too.
func serve(t *testing.T, flags ...string) string {
	t.Helper()
	program, err := meterd()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{
		"serve", "--store", "mem:", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--catalog", "testdata/catalog.yaml",
	}, flags...)...)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	log := follow(read)
	t.Cleanup(func() { stop(t, cmd, log) })
	select {
	case endpoint := <-log.endpoint:
		return endpoint
	case <-log.ended:
	case <-time.After(startTime):
	}
	t.Fatalf("meterd does not get ready:\n%s", log.text())
	return ""
}

func stop(t *testing.T, cmd *exec.Cmd, log *serverLog) {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stopping meterd: %v", err)
	}
	kill := time.AfterFunc(stopTime, func() { cmd.Process.Kill() })
	defer kill.Stop()
	err := cmd.Wait()
	<-log.ended
	if err != nil {
		t.Errorf("meterd ended with %v", err)
	}
	if t.Failed() {
		t.Logf("meterd said:\n%s", log.text())
	}
}

// serverLog keeps what a server prints, and finds its endpoint in it.
type serverLog struct {
	endpoint chan string
	ended    chan struct{}

	mutex sync.Mutex
	lines bytes.Buffer
}

func follow(output io.ReadCloser) *serverLog {
	log := &serverLog{endpoint: make(chan string, 1), ended: make(chan struct{})}
	go func() {
		defer close(log.ended)
		defer output.Close()
		for scan := bufio.NewScanner(output); scan.Scan(); {
			log.add(scan.Text())
			if found := ready.FindStringSubmatch(scan.Text()); found != nil {
				log.endpoint <- found[1] // it is printed once
			}
		}
	}()
	return log
}

func (l *serverLog) add(line string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines.WriteString(line + "\n")
}

func (l *serverLog) text() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.lines.String()
}
