// Command list reads what go test -json prints, shows it as go test would, and
// lists at the end the tests that could not run here. It exits with 1 if
// anything failed. make test uses it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/meterd/meterd/internal/notrun"
)

func main() {
	ok, err := list(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// event is a line of go test -json (go doc test2json).
type event struct{ Action, Package, Test, Output string }

// list reports whether everything passed.
func list(in io.Reader, out io.Writer) (ok bool, err error) {
	ok = true
	// What a test printed is shown if it fails only.
	printed := map[string]string{}
	var notRun []string
	for lines := json.NewDecoder(in); ; {
		var e event
		if err := lines.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return false, fmt.Errorf("reading go test -json: %w", err)
		}
		name := e.Package + " " + e.Test
		switch {
		case e.Action == "build-output":
			fmt.Fprint(out, e.Output)
		case e.Action == "output" && (e.Test != "" || strings.HasPrefix(e.Output, "PASS")):
			printed[name] += e.Output
			if _, reason, found := strings.Cut(e.Output, notrun.Prefix); found {
				notRun = append(notRun, e.Test+": "+strings.TrimSpace(reason))
			}
		case e.Action == "output":
			fmt.Fprint(out, e.Output)
		case e.Action == "fail" || e.Action == "build-fail":
			ok = false
			fmt.Fprint(out, printed[name])
		}
	}
	if len(notRun) > 0 {
		fmt.Fprintf(out, "\nNOT RUN (%d):\n  %s\n", len(notRun), strings.Join(notRun, "\n  "))
	}
	return ok, nil
}
