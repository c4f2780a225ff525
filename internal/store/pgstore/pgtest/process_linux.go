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
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", "", false
	}
	// pid (name) state parent …, where the name may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return "", "", false
	}
	return fields[0], fields[1], true
}
