//go:build !linux

package pgtest

import (
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Elsewhere than on Linux there is no user for a server, and so no server: tests
// could neither be sure that it dies with them, nor kill or freeze all of it.

const (
	sigStop     = syscall.SIGKILL
	sigContinue = syscall.SIGKILL
)

type user struct{}

func serverUser() (user, error) {
	return user{}, fmt.Errorf("%w: the tests start servers on Linux only", errMissing)
}

func (user) own(string) error { return nil }

func (user) run(*exec.Cmd) {}

func dieWithTests(*exec.Cmd) {}

func family(int) []int { return nil }

func signalAll([]int, syscall.Signal) {}

func lives(int) bool { return false }

func cpuTime(int) time.Duration { return 0 }

func cpuTimeOfEnded(int) time.Duration { return 0 }
