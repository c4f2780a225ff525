package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// formatMajorVersion is the format of Pebble's own files, pebble.FormatNewest of
// v2.1. It is a number here so that a newer Pebble changes no file unasked.
const formatMajorVersion pebble.FormatMajorVersion = 24

// options says how Pebble is used here.
func options(cfg Config) *pebble.Options {
	o := &pebble.Options{
		FormatMajorVersion: formatMajorVersion,
		FS:                 lockingFS{cfg.fs},
		MemTableSize:       cfg.MemTableBytes,
		// Tables of the index come in portions that overlap.
		L0CompactionThreshold: overlapMax,
		CacheSize:             cfg.CacheBytes,
		Logger:                logger{cfg.Logger},
		EventListener:         listener(cfg),
	}
	// The other levels take these from the first.
	o.Levels[0].BlockSize = blockBytes
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(bloomBits)
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	return o
}

// tableOptions says how tables are written that the database takes as they are.
func tableOptions(db *pebble.DB, cfg Config) sstable.WriterOptions {
	o := options(cfg)
	o.EnsureDefaults()
	return o.MakeWriterOptions(0, db.TableFormat())
}

// listener hears of troubles that nobody waits for.
func listener(cfg Config) *pebble.EventListener {
	log := cfg.Logger
	return &pebble.EventListener{
		// Pebble tries again at once and for ever, on a full disk for example.
		BackgroundError: func(err error) {
			log.Warn("pebble had an error in the background and tries again", "error", err)
			time.Sleep(cfg.pause)
		},
		// Whoever reads the damaged entry gets an error. Left alone, Pebble
		// would end the process.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			log.Error("a file of the ledger is damaged", "info", info.String())
		},
		// The process ends right after this, and does not say why.
		WALCreated: func(info pebble.WALCreateInfo) {
			if info.Err != nil {
				log.Error("pebble cannot make a new log and ends the process", "error", info.Err)
			}
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			log.Warn("writing is faster than the disk can sort", "reason", info.Reason)
		},
	}
}

// logger hands Pebble's messages to slog.
type logger struct{ log *slog.Logger }

func (l logger) Infof(format string, args ...any) { l.tell(slog.LevelDebug, format, args) }

func (l logger) Errorf(format string, args ...any) { l.tell(slog.LevelWarn, format, args) }

func (l logger) tell(level slog.Level, format string, args []any) {
	if ctx := context.Background(); l.log.Enabled(ctx, level) {
		l.log.Log(ctx, level, "pebble", "message", fmt.Sprintf(format, args...))
	}
}

// Fatalf must not return: Pebble says that it cannot go on, and would go on. On
// the goroutine of a call into Pebble the panic ends in survive, else it ends
// the process.
func (l logger) Fatalf(format string, args ...any) {
	fatal := &fatalError{text: fmt.Sprintf(format, args...)}
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			fatal.cause = err
		}
	}
	l.log.Error("pebble cannot go on", "message", fatal.text)
	panic(fatal)
}

// fatalError is what Pebble calls fatal.
type fatalError struct {
	text  string
	cause error
}

func (e *fatalError) Error() string { return e.text }

func (e *fatalError) Unwrap() error { return e.cause }

// survive makes a call into Pebble and returns what Pebble calls fatal to it, or
// panics with, as an error. Pebble holds no lock then: it does so at the end of a
// failed commit and on its way out of a failed opening. A bug stays a panic.
func survive(call func() error) (err error) {
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

// lockingFS tells a failed lock apart from all that can fail in an opening.
type lockingFS struct{ vfs.FS }

// Unwrap lets Pebble see which file system it is.
func (fs lockingFS) Unwrap() vfs.FS { return fs.FS }

func (fs lockingFS) Lock(name string) (io.Closer, error) {
	lock, err := fs.FS.Lock(name)
	var atFile *os.PathError
	if err != nil && !errors.As(err, &atFile) {
		// The file is there, so what failed is the locking.
		err = fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return lock, err
}
