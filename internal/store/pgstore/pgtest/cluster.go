package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// superuser is the role that all tests use.
const superuser = "meterd"

// startTime is how long a server may take until it answers.
const startTime = time.Minute

// Cluster is a running server with its data.
type Cluster struct {
	bin, dir string
	port     int
	settings map[string]string
	as       user

	server *server
	// free are databases that are empty and nobody's.
	free chan string
}

// freeMax is how many databases wait for the next test.
const freeMax = 16

// server is a process of a cluster.
type server struct {
	process *exec.Cmd
	ended   chan struct{}
}

// usual are the settings of every cluster. A kill of the server takes nothing from
// what the system keeps of its files, so without fsync as little is lost as with
// it; benchmarks turn it on.
var usual = map[string]string{
	"fsync":                     "off",
	"listen_addresses":          "127.0.0.1",
	"max_connections":           "200",
	"shared_buffers":            "128MB",
	"max_wal_size":              "4GB",
	"log_min_messages":          "warning",
	"log_checkpoints":           "off",
	"password_encryption":       "scram-sha-256",
	"max_prepared_transactions": "0",
}

func start(settings map[string]string) (*Cluster, error) {
	c, err := newCluster(settings)
	if err != nil {
		return nil, err
	}
	made, err := template.get(initialise)
	if err == nil {
		err = c.do(exec.Command("cp", "-R", made.data(), c.data()))
	}
	if err == nil {
		err = c.boot()
	}
	if err != nil {
		c.remove()
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	return c, nil
}

// initialise makes a cluster that does not run.
func initialise() (*Cluster, error) {
	c, err := newCluster(nil)
	if err != nil {
		return nil, err
	}
	err = c.run("initdb", "-D", c.data(), "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

// newCluster makes the place for a cluster.
func newCluster(settings map[string]string) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	as, err := serverUser()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, settings: settings, as: as, free: make(chan string, freeMax)}
	if c.dir, err = os.MkdirTemp("", "meterd-pg"); err != nil {
		return nil, err
	}
	err = as.own(c.dir)
	if err == nil {
		c.port, err = freePort()
	}
	if err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

// Servers listen on ports that systems do not give to connections: otherwise one of
// these could take a server's while it is down.
const (
	portMin = 20_000
	portMax = 32_000
)

func freePort() (int, error) {
	for {
		port := portMin + rand.IntN(portMax-portMin)
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, err
		}
		return port, l.Close()
	}
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// command is a program of the server.
func (c *Cluster) command(program string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(c.bin, program), args...)
}

// prepare lets a program run as the server's user, in its place.
func (c *Cluster) prepare(cmd *exec.Cmd) {
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LC_ALL=C"}
	c.as.run(cmd)
}

func (c *Cluster) run(program string, args ...string) error { return c.do(c.command(program, args...)) }

// do runs a program to its end.
func (c *Cluster) do(cmd *exec.Cmd) error {
	c.prepare(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, out)
	}
	return nil
}

// boot starts the server and waits until it answers.
func (c *Cluster) boot() error {
	args := []string{"-D", c.data(), "-k", c.dir, "-p", strconv.Itoa(c.port)}
	for _, settings := range []map[string]string{usual, c.settings} {
		for name, value := range settings {
			args = append(args, "-c", name+"="+value)
		}
	}
	cmd := c.command("postgres", args...)
	c.prepare(cmd)
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	dieWithTests(cmd)
	c.server = &server{process: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The signal comes when the thread ends that has started the process.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // How it ended is the test's business.
		}
		close(c.server.ended)
	}()
	if err := <-started; err != nil {
		return err
	}
	return c.await()
}

func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

// await waits until the server answers.
func (c *Cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for {
		err := c.Exec(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-c.server.ended:
			return fmt.Errorf("the server has ended: %s", c.Log())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w: %s", err, c.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Log returns what the server has logged.
func (c *Cluster) Log() string {
	text, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// URL is the URL of a database, with the servers of further clusters behind it.
func (c *Cluster) URL(database string, more ...*Cluster) string {
	var hosts []string
	for _, cluster := range append([]*Cluster{c}, more...) {
		hosts = append(hosts, "127.0.0.1:"+strconv.Itoa(cluster.port))
	}
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", superuser, strings.Join(hosts, ","), database)
}

// signal sends the server a signal and waits until it has ended.
func (c *Cluster) signal(s syscall.Signal) {
	if c.server == nil || c.server.process.Process == nil {
		return
	}
	_ = c.server.process.Process.Signal(s) // It may have ended already.
	<-c.server.ended
}

// Kill kills the server and all its children at once, as a crash does.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	all := family(c.server.process.Process.Pid)
	c.signal(syscall.SIGKILL)
	signalAll(all, syscall.SIGKILL)
	// A new server refuses to start while one of them lives.
	for _, pid := range all {
		for deadline := time.Now().Add(startTime); lives(pid) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
	}
}

// Stop ends the server in order.
func (c *Cluster) Stop() { c.signal(syscall.SIGINT) }

// Freeze lets the server's processes stand still, until thaw.
func (c *Cluster) Freeze() (thaw func()) {
	all := family(c.server.process.Process.Pid)
	signalAll(all, sigStop)
	return func() { signalAll(all, sigContinue) }
}

// Boot starts the server again after Kill or Stop.
func (c *Cluster) Boot(t testing.TB) {
	t.Helper()
	if err := c.boot(); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) remove() {
	c.signal(syscall.SIGQUIT)
	_ = os.RemoveAll(c.dir) // What stays lies in the system's temporary directory.
}
