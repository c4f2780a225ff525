package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	sigStop     = syscall.SIGSTOP
	sigContinue = syscall.SIGCONT
)

// user is who runs a server; nil: who runs the tests.
type user struct{ *syscall.Credential }

// serverUser finds a user for the server, which refuses to be run by root.
func serverUser() (user, error) {
	if os.Getuid() != 0 {
		return user{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := osuser.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		return user{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, errors.Join(uidErr, gidErr)
	}
	return user{}, errors.New("there is neither a user postgres nor nobody to run the server")
}

// own gives the user a directory.
func (u user) own(dir string) error {
	if u.Credential == nil {
		return nil
	}
	return os.Chown(dir, int(u.Uid), int(u.Gid))
}

// run lets the user run a program.
func (u user) run(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Credential: u.Credential} }

// dieWithTests ends a program at the latest when the thread does that starts it:
// should the tests be killed, their server goes with them.
func dieWithTests(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT }

// family are a process and its children.
func family(parent int) []int {
	pids := []int{parent}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if _, of, ok := processState(pid); ok && of == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func signalAll(pids []int, s syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, s) // It may have ended already.
	}
}

// lives reports whether a process does; one that only waits to be taken note of
// does not.
func lives(pid int) bool {
	state, _, ok := processState(pid)
	return ok && state != "Z"
}

// processState asks the system for the state and the parent of a process.
func processState(pid int) (state, parent string, ok bool) {
	fields := processStat(pid)
	if fields == nil {
		return "", "", false
	}
	return fields[statState], fields[statParent], true
}

// cpuTime is what a process has used.
func cpuTime(pid int) time.Duration { return ticks(processStat(pid), statUser, statSystem) }

// cpuTimeOfEnded is what those children of a process have used that have ended.
func cpuTimeOfEnded(pid int) time.Duration {
	return ticks(processStat(pid), statEndedUser, statEndedSystem)
}

// ticks adds up fields that count hundredths of a second.
func ticks(fields []string, which ...int) (sum time.Duration) {
	for _, i := range which {
		if fields == nil {
			return 0
		}
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0
		}
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum
}

// Fields of a process's stat, from the state on.
const (
	statState       = 0
	statParent      = 1
	statUser        = 11
	statSystem      = 12
	statEndedUser   = 13
	statEndedSystem = 14
)

// processStat reads the stat of a process; nil if there is none.
func processStat(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// pid (name) state …, where the name may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) <= statEndedSystem {
		return nil
	}
	return fields
}
