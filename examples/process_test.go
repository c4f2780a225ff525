package examples

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// startTime and stopTime are the longest that a program may take for
	// either.
	startTime = 30 * time.Second
	stopTime  = 30 * time.Second
	// patience is how long what has to happen may take.
	patience = 30 * time.Second
)

// programs is where binaries are built.
var programs string

func TestMain(m *testing.M) { os.Exit(withPrograms(m)) }

func withPrograms(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "meterd-examples-*"); err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the binaries:", err)
		return 1
	}
	defer os.RemoveAll(programs)
	return m.Run()
}

// build builds the binaries, once for all tests.
var build = sync.OnceValue(func() error {
	if err := lookAtSources(); err != nil {
		return fmt.Errorf("looking at the sources: %w", err)
	}
	command := exec.Command("go", "build", "-o", programs, "../cmd/meterd", "./webapp", "./container", "./landing")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the programs: %w\n%s", err, out)
	}
	return nil
})

// program is where a binary is; what is a path already stays one.
func program(t *testing.T, name string) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(name, "/") {
		return name
	}
	return filepath.Join(programs, name)
}

// lookAtSources looks at every file that the programs are built from. The go
// command shows the result of an earlier run until something that the test has
// looked at changes, and does not see what the builds look at.
func lookAtSources() error {
	return filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".js")) {
			_, err = os.Stat(path)
		}
		return err
	})
}

// environment is what every program sees: nothing of this machine's AWS
// configuration, and the demo's seller at the service, unless more says
// otherwise.
func environment(service string, more ...string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + programs,
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_REGION=us-east-1",
		"AWS_ENDPOINT_URL_MARKETPLACE_METERING=" + service,
		"AWS_ACCESS_KEY_ID=AKIAMETERDDEMO000001", "AWS_SECRET_ACCESS_KEY=meterd-demo-secret-of-the-seller",
		"METERD_ADMIN_URL=" + service,
	}
	return append(env, more...) // the last one of a name holds
}

// process is a program that runs.
type process struct {
	cmd *exec.Cmd
	// address is what it has printed that it is at.
	address string
	ended   chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

// start starts a program, waits until it prints a line that ready matches, and
// stops it when the test ends. The first group of ready is its address.
func start(t *testing.T, ready string, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program(t, name), args...), ended: make(chan struct{})}
	p.cmd.Env = env
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = write, write
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	found := make(chan string, 1)
	go p.follow(read, regexp.MustCompile(ready), found)
	t.Cleanup(func() {
		p.signal(t, syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), p.text())
		}
	})
	select {
	case p.address = <-found:
		return p
	case <-p.ended:
	case <-time.After(startTime):
	}
	t.Fatalf("%s does not get ready:\n%s", name, p.text())
	return nil
}

func (p *process) follow(output io.ReadCloser, ready *regexp.Regexp, found chan<- string) {
	defer close(p.ended)
	defer output.Close()
	for scan := bufio.NewScanner(output); scan.Scan(); {
		p.mu.Lock()
		fmt.Fprintln(&p.log, scan.Text())
		p.mu.Unlock()
		if match := ready.FindStringSubmatch(scan.Text()); match != nil {
			select {
			case found <- match[1]:
			default: // It is printed once.
			}
		}
	}
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// signal ends the program, which a test may have done before.
func (p *process) signal(t *testing.T, how syscall.Signal) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	if err := p.cmd.Process.Signal(how); err != nil {
		t.Errorf("stopping %s: %v", p.cmd.Path, err)
	}
	defer time.AfterFunc(stopTime, func() { p.cmd.Process.Kill() }).Stop()
	p.cmd.Wait() // A program that was stopped may say so with its exit code.
	<-p.ended
}

// dev starts a sandbox and returns its URL.
func dev(t *testing.T, flags ...string) string {
	t.Helper()
	return start(t, `^meterd ready api=(\S+)`, environment(""), "meterd", append([]string{"dev", "--listen", "127.0.0.1:0"}, flags...)...).address
}

// run runs a program to its end and returns what it prints.
func run(t *testing.T, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, name), args...)
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, &stderr)
	}
	return string(out), err
}

// meterd runs a command of the binary.
func meterd(t *testing.T, service string, args ...string) string {
	t.Helper()
	out, err := run(t, environment(service), "meterd", args...)
	if err != nil {
		t.Fatalf("meterd %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// request makes a request to an application as the demo's buyer.
func request(t *testing.T, method, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", "key-of-the-buyer")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
