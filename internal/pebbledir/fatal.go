package pebbledir

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
)

// Logger hands Pebble's messages to slog.
type Logger struct{ Log *slog.Logger }

// Infof is for what nobody has to know.
func (l Logger) Infof(format string, args ...any) { l.tell(slog.LevelDebug, format, args) }

// Errorf is for what Pebble gets over by itself.
func (l Logger) Errorf(format string, args ...any) { l.tell(slog.LevelWarn, format, args) }

func (l Logger) tell(level slog.Level, format string, args []any) {
	if ctx := context.Background(); l.Log.Enabled(ctx, level) {
		l.Log.Log(ctx, level, "pebble", "message", fmt.Sprintf(format, args...))
	}
}

// Fatalf must not return: Pebble says that it cannot go on, and would go on. On
// the goroutine of a call into Pebble the panic ends in Survive, else it ends
// the process, and the next one opens what is on the disk.
func (l Logger) Fatalf(format string, args ...any) {
	fatal := &fatalError{text: fmt.Sprintf(format, args...)}
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			fatal.cause = err
		}
	}
	l.Log.Error("pebble cannot go on", "message", fatal.text)
	panic(fatal)
}

// fatalError is what Pebble calls fatal.
type fatalError struct {
	text  string
	cause error
}

func (e *fatalError) Error() string { return e.text }

func (e *fatalError) Unwrap() error { return e.cause }

// Survive makes a call into Pebble and returns what Pebble calls fatal to it, or
// panics with, as an error. Pebble holds no lock then: it does so at the end of a
// failed commit and on its way out of a failed opening. A bug stays a panic.
func Survive(call func() error) (err error) {
	defer func() {
		trouble := recover()
		_, bug := trouble.(runtime.Error)
		if cause, ok := trouble.(error); ok && !bug {
			err = cause
		} else if trouble != nil {
			panic(trouble)
		}
	}()
	return call()
}
