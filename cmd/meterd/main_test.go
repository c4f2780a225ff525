package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// TestMain lets scripts, and tests that kill processes, run this binary as
// meterd itself.
func TestMain(m *testing.M) {
	if os.Getenv(runAsMeterd) != "" {
		main()
	}
	testscript.Main(withPostgres{m}, map[string]func(){"meterd": main})
}

// withPostgres ends what tests have started of PostgreSQL.
type withPostgres struct{ *testing.M }

func (m withPostgres) Run() int { return pgtest.Main(m.M) }

// runAsMeterd is set for processes of the test binary that are to be meterd.
const runAsMeterd = "TEST_BE_METERD"

// patience is how long tests wait for what happens in milliseconds.
const patience = 10 * time.Second

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			now := time.Now().UTC()
			e.Setenv("NOW", now.Format("2006-01-02T15:04:05Z"))
			e.Setenv("TODAY", now.Format(time.DateOnly))
			// No AWS configuration of this machine, and no metadata service.
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			e.Values[serviceKey{}] = new(scriptService)
			e.Values[agentKey{}] = new(scriptService)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": cmdStart, "end": cmdEnd, "hangup": cmdHangup,
			"exits": cmdExits, "capture": cmdCapture, "expand": cmdExpand, "replace": cmdReplace, "cut": cmdCut, "alter": cmdAlter, "await": cmdAwait,
		},
	})
}

// process is a meterd that runs.
type process struct {
	*exec.Cmd
	log string
	// ready gets the ready line, or nothing if the process ends without it.
	ready chan []string
	// stdout is complete once read is closed.
	stdout strings.Builder
	read   chan struct{}
}

var readyLine = regexp.MustCompile(`^meterd ready (?:api|agent)=(\S+)(?: admin=(\S+)/_meterd/)?$`)

// beginMeterd starts a meterd. Its logs go to a file.
func beginMeterd(dir, log string, env []string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return begin(exec.Command(self, args...), dir, log, env)
}

// begin starts a command that becomes a meterd.
func begin(command *exec.Cmd, dir, log string, env []string) (*process, error) {
	p := &process{Cmd: command, log: log, ready: make(chan []string, 1), read: make(chan struct{})}
	p.Dir, p.Env = dir, append(env, runAsMeterd+"=1")
	stderr, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	p.Stderr = stderr
	stdout, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	go p.readOutput(stdout)
	return p, p.Start()
}

func (p *process) readOutput(stdout io.Reader) {
	defer close(p.read)
	defer close(p.ready)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		fmt.Fprintln(&p.stdout, lines.Text())
		if found := readyLine.FindStringSubmatch(lines.Text()); found != nil {
			p.ready <- found
		}
	}
}

// startMeterd starts a meterd, waits until it says that it is ready, and
// returns where its API and its admin surface are. An agent has the former.
func startMeterd(dir, log string, env []string, args ...string) (p *process, api, admin string, err error) {
	if p, err = beginMeterd(dir, log, env, args...); err != nil {
		return nil, "", "", err
	}
	return p.awaitReady()
}

// awaitReady waits until a meterd says that it is ready, and returns where its API
// and its admin surface are.
func (p *process) awaitReady() (_ *process, api, admin string, err error) {
	select {
	case found := <-p.ready:
		if found != nil {
			return p, found[1], found[2], nil
		}
		err = errors.New("meterd ended before it was ready")
	case <-time.After(patience):
		err = errors.New("meterd did not get ready")
	}
	p.Process.Kill()
	p.wait()
	text, _ := os.ReadFile(p.log)
	return nil, "", "", fmt.Errorf("%w:\n%s", err, text)
}

// wait waits for the end and returns the exit code.
func (p *process) wait() int {
	<-p.read
	p.Wait()
	return p.ProcessState.ExitCode()
}
