package outbox

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/pebbledir"
)

// formatMajorVersion is the format of Pebble's own files. It is a number here so
// that a newer Pebble changes no file unasked.
const formatMajorVersion pebble.FormatMajorVersion = 24

// options says how Pebble is used here.
func options(cfg *Config, memory *memory) *pebble.Options {
	o := &pebble.Options{
		FormatMajorVersion: formatMajorVersion,
		FS:                 pebbledir.FS{FS: cfg.FS, Locked: ErrLocked},
		MemTableSize:       cfg.MemTableBytes,
		// Those that write no events may still write when awaitMemory waits.
		MemTableStopWritesThreshold: 2 * memTablesMax,

		CacheSize:     cfg.CacheBytes,
		Logger:        pebbledir.Logger{Log: cfg.Logger},
		EventListener: listener(cfg.Logger, memory),
	}
	// The other levels take these from the first.
	o.Levels[0].BlockSize = blockBytes
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(bloomBits)
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	return o
}

// memory is what is known of the tables in memory, which are written out in the
// background.
type memory struct {
	// trouble is set while they cannot be.
	trouble atomic.Pointer[error]
	// rotated: there may be more of them than when awaitMemory last looked.
	rotated atomic.Bool
	// tried has room for one sign that writing out has ended, well or not.
	tried chan struct{}
}

func newMemory() memory { return memory{tried: make(chan struct{}, 1)} }

func (m *memory) sign() {
	select {
	case m.tried <- struct{}{}:
	default:
	}
}

// awaitMemory holds events back while there are too many tables in memory, until
// one is written out or that has failed. The engine would hold up everybody,
// and in a lasting trouble give them no answer. Tables are counted by their
// size: the first ones are small, and the engine lets them come together before
// it writes them out, so that waiting for one of them would never end.
func (o *Outbox) awaitMemory() {
	if !o.memory.rotated.Swap(false) {
		return
	}
	for o.db.Metrics().MemTable.Size > memTablesMax*o.cfg.MemTableBytes {
		if o.memory.trouble.Load() != nil {
			o.memory.rotated.Store(true)
			return
		}
		<-o.memory.tried
	}
}

// noMemory says why nothing more can be held in memory, if so.
func (o *Outbox) noMemory() error {
	if trouble := o.memory.trouble.Load(); trouble != nil {
		return fmt.Errorf("%w: %w", ErrNoRoom, *trouble)
	}
	return nil
}

// listener hears what the engine does in the background.
func listener(log *slog.Logger, memory *memory) *pebble.EventListener {
	var flushed atomic.Pointer[error]
	return &pebble.EventListener{
		// There is a log for each table in memory.
		WALCreated: func(pebble.WALCreateInfo) { memory.rotated.Store(true) },
		// A flush of nothing ends with an error too, but that is not told in
		// the background.
		FlushEnd: func(info pebble.FlushInfo) {
			if info.Err == nil {
				memory.trouble.Store(nil)
			}
			flushed.Store(&info.Err)
			memory.sign()
		},
		// Pebble tries again at once and for ever, on a full disk for example.
		BackgroundError: func(err error) {
			if last := flushed.Load(); last != nil && *last == err {
				memory.trouble.Store(&err)
			}
			memory.sign()
			log.Warn("pebble had an error in the background and tries again", "error", err)
			time.Sleep(backgroundPause)
		},
		// Whoever reads the damaged entry gets an error. Left alone, Pebble
		// would end the process.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			log.Error("a file of the outbox is damaged", "info", info.String())
		},
		DiskSlow: func(info pebble.DiskSlowInfo) { log.Warn("the disk is slow", "info", info.String()) },
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			log.Warn("writing is faster than the disk can sort", "reason", info.Reason)
		},
	}
}

// ErrNoRoom is returned by Add when the disk has no room for further events. The
// outbox accepts again as soon as it has.
var ErrNoRoom = errors.New("no room on the disk for further events")

// checkRoom refuses events before the disk does: what is left is for settling
// and sorting what was accepted, and a write that the disk itself refuses stops
// the outbox.
func (o *Outbox) checkRoom() error {
	if err := o.noMemory(); err != nil {
		return err
	}
	usage, err := o.cfg.FS.GetDiskUsage(o.dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking for the room on the disk: %w", err)
	}
	if usage.AvailBytes < o.cfg.ReserveBytes {
		return fmt.Errorf("%w: %d bytes are free in %s, %d are kept in reserve", ErrNoRoom, usage.AvailBytes, o.dir, o.cfg.ReserveBytes)
	}
	return nil
}
