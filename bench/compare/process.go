package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/meterd/meterd/bench"
)

// clock is where the clocks of all processes start, so that every comparison
// has the same records. An hour after midnight of any day but the first, all
// hours of the window are open.
const clock = "2026-11-22T01:00:00Z"

// dayAfter is when nothing of a run can be told any more.
const dayAfter = "2026-11-23T03:00:00Z"

// server is a process that serves the API.
type server struct {
	*exec.Cmd
	url   string
	ready time.Duration
	log   *bytes.Buffer
}

func (c *comparison) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, c.meterd, args...)
}

// explain adds what a command said before it failed.
func explain(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}

func (c *comparison) startCeiling(ctx context.Context) (*server, error) {
	return c.start(ctx, append([]string{"bench", "--ceiling", "--listen", "127.0.0.1:0", "--clock", clock}, c.marketFlags()...)...)
}

// startService serves the ledger in a directory. Once the ledger has the
// marketplace, it is started without the catalog, as after any restart.
func (c *comparison) startService(ctx context.Context, data, clock string) (*server, error) {
	args := []string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--clock", clock, "--log-level", "warn"}
	if _, err := os.Stat(data); errors.Is(err, os.ErrNotExist) {
		args = append(args, "--catalog", c.catalog)
	}
	return c.start(ctx, args...)
}

var apiURL = regexp.MustCompile(`api=(\S+)`)

// start starts a process and waits until it says that it is ready.
func (c *comparison) start(ctx context.Context, args ...string) (*server, error) {
	s := &server{Cmd: c.command(ctx, args...), log: new(bytes.Buffer)}
	s.Stderr = s.log
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := s.Start(); err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := apiURL.FindStringSubmatch(lines.Text()); m != nil {
			s.url, s.ready = m[1], time.Since(begun)
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s did not get ready: %w: %s", args[0], s.Wait(), s.log)
}

// stop ends a process in order.
func (s *server) stop() error {
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	if err := s.Wait(); err != nil {
		return fmt.Errorf("stopping: %w: %s", err, s.log)
	}
	return nil
}

// kill ends a process as a crash does.
func (s *server) kill() error {
	if err := s.Process.Kill(); err != nil {
		return fmt.Errorf("killing: %w", err)
	}
	s.Wait() // it says that the process was killed
	return nil
}

// generate runs the generator against a server.
func (c *comparison) generate(ctx context.Context, s *server, connections int, args ...string) (bench.Report, *os.ProcessState, error) {
	args = append([]string{
		"bench", "--endpoint", s.url, "--connections", strconv.Itoa(connections), "--clock", clock, "--output", "json",
	}, args...)
	cmd := c.command(ctx, append(args, c.marketFlags()...)...)
	out, err := cmd.Output()
	if err != nil {
		return bench.Report{}, nil, fmt.Errorf("generating load: %w\n%s", explain(err), s.log)
	}
	var report bench.Report
	if err := json.Unmarshal(out, &report); err != nil {
		return bench.Report{}, nil, fmt.Errorf("reading the report: %w", err)
	}
	return report, cmd.ProcessState, nil
}

func (c *comparison) ledger(name string) string { return filepath.Join(c.dir, name) }
