package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/pebbledir"
)

// formatVersion is that of the tables of encode.go. An outbox with a higher one
// was written by a later meterd, which may rely on what this one does not know.
const formatVersion = 1

var (
	// ErrLocked is returned by Open when somebody has the outbox open.
	ErrLocked = errors.New("somebody else has it open")
	// ErrForeign is returned by Open for a directory with something else in
	// it, which it leaves as it is.
	ErrForeign = errors.New("the directory holds something else than a whole outbox")
	// ErrNewer is returned by Open for an outbox of a later meterd.
	ErrNewer = errors.New("the outbox was written by a newer meterd")
)

// formatKey is where the format version stands.
var formatKey = append([]byte{metaTable}, "outbox format"...)

// Open opens the outbox in dir, or makes one if dir is empty or does not exist.
// Opening after a crash is no different from opening.
func Open(dir string, cfg Config) (*Outbox, error) {
	cfg, err := cfg.withDefaults()
	if err == nil {
		var o *Outbox
		if o, err = open(dir, cfg); err == nil {
			return o, nil
		}
	}
	return nil, fmt.Errorf("opening outbox in %s: %w", dir, err)
}

func open(dir string, cfg Config) (*Outbox, error) {
	if cfg.FS == vfs.Default {
		var err error
		if dir, err = pebbledir.Canonical(dir); err != nil {
			return nil, err
		}
	}
	if err := pebbledir.RefuseForeign(cfg.FS, dir, ErrForeign); err != nil {
		return nil, err
	}
	o := &Outbox{
		dir:      dir,
		cfg:      cfg,
		grouped:  make(chan *job, queueLength),
		alone:    make(chan *job),
		finished: make(chan struct{}),
		filtered: make(chan struct{}),
		pool:     newPool(cfg.FilterBytes),
		memory:   newMemory(),
		state:    newState(),
		keysMax:  KeysMax,
		sumsMax:  OpenSumsMax,

		checkpointAt: checkpointEntries,
	}
	o.scratch.claimed = make(map[EventID]claim)
	// Pebble also makes durable what it finds in its log, before it returns. It
	// must: that may have been written but not confirmed before a crash, and
	// an id that is found there is answered as known.
	err := pebbledir.Survive(func() (err error) {
		o.db, err = pebble.Open(dir, options(&o.cfg, &o.memory))
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := o.load(); err != nil {
		return nil, errors.Join(err, o.db.Close())
	}
	go o.commitAll()
	go o.buildFilters(o.generations[:len(o.generations):len(o.generations)])
	return o, nil
}

// checkFormat refuses a later format, and marks a new outbox with this one.
func (o *Outbox) checkFormat() error {
	version, err := get(o.db, formatKey, func(value []byte) (uint64, error) {
		version, n := binary.Uvarint(value)
		if n <= 0 || version == 0 {
			return 0, fmt.Errorf("format %x: %w", value, errDamaged)
		}
		return version, nil
	})
	if isNotFound(err) {
		return o.markFormat()
	}
	if err != nil {
		return fmt.Errorf("reading the format: %w", err)
	}
	if version > formatVersion {
		return fmt.Errorf("%w: its format is %d, this meterd knows %d", ErrNewer, version, formatVersion)
	}
	return nil
}

func (o *Outbox) markFormat() error {
	it, err := o.db.NewIter(nil)
	if err != nil {
		return err
	}
	occupied := it.First()
	if err := it.Close(); err != nil {
		return err
	}
	if occupied {
		return fmt.Errorf("%w: a Pebble database without the outbox's mark", ErrForeign)
	}
	mark := binary.AppendUvarint(nil, formatVersion)
	if err := pebbledir.Survive(func() error { return o.db.Set(formatKey, mark, pebble.Sync) }); err != nil {
		return fmt.Errorf("marking a new outbox: %w", err)
	}
	return nil
}
