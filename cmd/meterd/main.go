// Command meterd is a self-hosted AWS Marketplace Metering Service: the
// service itself (dev, serve), the four operations as commands, and what an
// operator needs around them.
//
// Each command has a file of its own. This package assembles rooms and talks
// to people; it decides nothing about usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/meterd/meterd/internal/mistake"
)

// Exit codes. Scripts may rely on them; "meterd --help" lists them.
const (
	exitOK = 0
	// exitFailed: it did not work, or the service refused.
	exitFailed = 1
	// exitUsage: the command line or the environment is wrong; nothing was done.
	exitUsage = 2
	// exitDifferent: it worked, and what it found is not all good: rows were
	// refused, or two ledgers differ.
	exitDifferent = 3
)

func main() { os.Exit(run(os.Args[1:])) }

// run executes one command line. A first SIGINT or SIGTERM, at whatever time,
// ends it in order; a second one at once.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	root := newRoot()
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	report(os.Stderr, err)
	var found *finding
	if errors.As(err, &found) {
		return exitDifferent
	}
	var failed *failure
	if errors.As(err, &failed) {
		return exitFailed
	}
	fmt.Fprintf(os.Stderr, "Run '%s --help' for usage.\n", command.CommandPath())
	return exitUsage
}

// report prints an error. The mistakes of a file have a line each, in the form
// that editors jump to.
func report(w io.Writer, err error) {
	var wrong *mistake.List
	if errors.As(err, &wrong) {
		fmt.Fprintln(w, wrong)
		err = fmt.Errorf("%s has %s", wrong.File, count(len(wrong.Mistakes)+wrong.Omitted, "mistake"))
	}
	fmt.Fprintf(w, "meterd: %v\n", err)
}
