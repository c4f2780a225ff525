// Package notrun lets a test that lacks a tool skip loudly. go test shows
// nothing of a package that passes, so that a plain t.Skip is never read; here
// the reason goes to the terminal as well. Only tests may import it.
package notrun

import (
	"fmt"
	"os"
	"testing"
)

// Prefix begins every reason, so that it can be told from skips that leave
// nothing untried.
const Prefix = "NOT RUN: "

// terminal is where people look; a variable for this package's test.
var terminal = "/dev/tty"

// Skip ends a test that cannot run here and says on the terminal, if there is
// one, which and why.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	reason := Prefix + fmt.Sprintf(format, args...)
	if tty, err := os.OpenFile(terminal, os.O_WRONLY, 0); err == nil {
		fmt.Fprintf(tty, "%s: %s\n", t.Name(), reason)
		// Nothing depends on what a screen took.
		_ = tty.Close()
	}
	t.Skip(reason)
}
