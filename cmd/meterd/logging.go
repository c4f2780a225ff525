package main

import (
	"io"
	"log/slog"

	"github.com/spf13/pflag"
)

// logging is how a command logs. Logs go to stderr; stdout is for answers.
type logging struct{ level, format string }

func (l *logging) addFlags(flags *pflag.FlagSet) {
	choiceVar(flags, &l.level, "log-level", "least important level to log", "info", "debug", "warn", "error")
	choiceVar(flags, &l.format, "log-format", "form of a log line", "text", "json")
}

func (l *logging) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	// The flag takes no other word than those that are levels.
	_ = level.UnmarshalText([]byte(l.level))
	options := &slog.HandlerOptions{Level: level}
	if l.format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
