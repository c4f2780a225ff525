package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptService is the service that a script has started and not ended.
type scriptService struct{ *process }

type (
	serviceKey struct{}
	agentKey   struct{}
)

// runningOf is what runs as a service, or as an agent beside it, and the name of
// its files.
func runningOf(ts *testscript.TestScript, args []string) (running *scriptService, name string) {
	if len(args) > 0 && args[0] == "agent" {
		return ts.Value(agentKey{}).(*scriptService), "agent"
	}
	return ts.Value(serviceKey{}).(*scriptService), "service"
}

// cmdStart starts a service or an agent and points the script's commands at it:
//
//	start dev|serve|agent [flag...]
//
// What it prints is in the file service.out when it has ended, its log in
// service.log; those of an agent are agent.out and agent.log.
func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	running, name := runningOf(ts, args)
	if neg || len(args) == 0 || running.process != nil {
		ts.Fatalf("usage: start dev|serve|agent [flag...], once until end")
	}
	args = append(args, "--listen", "127.0.0.1:0")
	if args[0] == "serve" {
		args = append(args, "--admin-listen", "127.0.0.1:0")
	}
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	p, api, admin, err := startMeterd(ts.MkAbs("."), ts.MkAbs(name+".log"), env, args...)
	ts.Check(err)
	running.process = p
	ts.Defer(func() {
		if running.process == p {
			p.Process.Kill()
			p.wait()
		}
	})
	if name == "agent" {
		ts.Setenv("METERD_AGENT_URL", api)
		return
	}
	ts.Setenv("API", api)
	ts.Setenv("API_ADDRESS", strings.TrimPrefix(api, "http://"))
	ts.Setenv("METERD_ENDPOINT", api)
	ts.Setenv("METERD_ADMIN_URL", admin)
}

// cmdEnd ends the service, or the agent, with SIGTERM, which must exit with 0. It
// is not called stop, because testscript has a command of that name, which ends
// the script:
//
//	end [agent]
func cmdEnd(ts *testscript.TestScript, neg bool, args []string) {
	running, name := runningOf(ts, args)
	if neg || len(args) > 1 || len(args) == 1 && name != args[0] || running.process == nil {
		ts.Fatalf("usage: end [agent], after start")
	}
	p := running.process
	running.process = nil
	ts.Check(p.Process.Signal(syscall.SIGTERM))
	if code := p.wait(); code != 0 {
		ts.Fatalf("the %s exited with %d:\n%s", name, code, ts.ReadFile(name+".log"))
	}
	ts.Check(os.WriteFile(ts.MkAbs(name+".out"), []byte(p.stdout.String()), 0o600))
}

// cmdHangup sends SIGHUP and waits until the log has a line like a pattern:
//
//	hangup PATTERN
func cmdHangup(ts *testscript.TestScript, neg bool, args []string) {
	running := ts.Value(serviceKey{}).(*scriptService)
	if neg || len(args) != 1 || running.process == nil {
		ts.Fatalf("usage: hangup PATTERN, after start")
	}
	before := len(ts.ReadFile("service.log"))
	ts.Check(running.Process.Signal(syscall.SIGHUP))
	awaitLog(ts, before, args[0])
}

// cmdAwait waits until the service's log has a line like a pattern:
//
//	await PATTERN
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await PATTERN")
	}
	awaitLog(ts, 0, args[0])
}

// awaitLog waits for a line behind what the log had.
func awaitLog(ts *testscript.TestScript, before int, text string) {
	pattern := regexp.MustCompile(text)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if pattern.MatchString(ts.ReadFile("service.log")[before:]) {
			return
		}
	}
	ts.Fatalf("the log has nothing like %q:\n%s", text, ts.ReadFile("service.log")[before:])
}

// cmdExits runs a program that must end with an exit code:
//
//	exits CODE meterd [argument...]
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	want := -1
	if len(args) > 1 {
		want, _ = strconv.Atoi(args[0])
	}
	if neg || want < 0 {
		ts.Fatalf("usage: exits CODE program [argument...]")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var failed *exec.ExitError
		if !errors.As(err, &failed) {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		code = failed.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// cmdReplace replaces a text in a file, which must have it:
//
//	replace FILE OLD NEW
func cmdReplace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || !strings.Contains(ts.ReadFile(args[0]), args[1]) {
		ts.Fatalf("usage: replace FILE OLD NEW, where OLD is in the file")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[0]), args[1], args[2])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// cmdCut writes a file without its last third:
//
//	cut FILE INTO
func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE INTO")
	}
	text := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text[:2*len(text)/3]), 0o600))
}

// cmdAlter writes a file with a bit flipped near the middle, where a byte is not
// zero: in a tar, that is in a file and not between two.
//
//	alter FILE INTO
func cmdAlter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: alter FILE INTO")
	}
	text := []byte(ts.ReadFile(args[0]))
	at := len(text) / 2
	for at < len(text)-1 && text[at] == 0 {
		at++
	}
	text[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

// cmdCapture sets a variable to what a pattern's first group matches in a
// file, which may be stdout:
//
//	capture NAME FILE PATTERN
func cmdCapture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture NAME FILE PATTERN")
	}
	found := regexp.MustCompile("(?m)" + args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(found) < 2 {
		ts.Fatalf("%s has nothing like %q", filepath.Base(args[1]), args[2])
	}
	ts.Setenv(args[0], strings.TrimSpace(found[1]))
}

// cmdExpand replaces variables in a file by their values:
//
//	expand FILE
func cmdExpand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
