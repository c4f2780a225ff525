package sellertest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary is meterd, once buildMeterd has made it.
var binary string

var buildMeterd = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "meterd-sellertest-")
	if err != nil {
		return err
	}
	binary = filepath.Join(dir, "meterd")
	if output, err := exec.Command("go", "build", "-o", binary, "../cmd/meterd").CombinedOutput(); err != nil {
		return fmt.Errorf("building meterd: %w: %s", err, output)
	}
	return nil
})

// process is a meterd that runs.
type process struct {
	command *exec.Cmd
	// urls are those of the ready line, by what they are of.
	urls map[string]string
	// errors is what it has logged.
	errors bytes.Buffer
	read   chan struct{}
}

var readyURL = regexp.MustCompile(`(\w+)=(http://[^\s/]+)`)

// start starts a meterd and waits until it says that it is ready.
func start(t *testing.T, home string, args ...string) *process {
	t.Helper()
	if err := buildMeterd(); err != nil {
		t.Fatal(err)
	}
	p := &process{command: exec.Command(binary, args...), urls: map[string]string{}, read: make(chan struct{})}
	p.command.Env = []string{
		"HOME=" + home, "AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=AKIDSELLER", "AWS_SECRET_ACCESS_KEY=secret-seller",
	}
	p.command.Stderr = &p.errors
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go p.readOutput(stdout, ready)
	select {
	case line := <-ready:
		for _, found := range readyURL.FindAllStringSubmatch(line, -1) {
			p.urls[found[1]] = found[2]
		}
	case <-time.After(patience):
	}
	if len(p.urls) == 0 {
		p.kill()
		t.Fatalf("meterd %s did not get ready: %s", args[0], &p.errors)
	}
	return p
}

// readOutput hands on the ready line; without one it hands on nothing.
func (p *process) readOutput(stdout io.Reader, ready chan<- string) {
	defer close(p.read)
	defer close(ready)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "meterd ready ") {
			ready <- lines.Text()
		}
	}
}

// kill is kill -9.
func (p *process) kill() {
	p.command.Process.Kill() // It may have ended by itself.
	<-p.read
	p.command.Wait() // It was killed.
}
