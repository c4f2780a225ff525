package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
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
		if dir, err = canonicalDir(dir); err != nil {
			return nil, err
		}
	}
	if err := refuseForeign(cfg.FS, dir); err != nil {
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
	err := survive(func() (err error) {
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

// canonicalDir gives a directory one name, because within one process Pebble
// locks names and not files.
func canonicalDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return dir, nil
	}
	return resolved, err
}

// beginning matches what Pebble may leave behind when it is killed while it
// makes a database, and what a fresh file system has.
var beginning = regexp.MustCompile(`^(LOCK|MANIFEST-\d+|marker\..+|lost\+found)$`)

// refuseForeign keeps a mistyped directory from being filled with an outbox, and
// an outbox whose root was lost from being taken for a new one.
func refuseForeign(fsys vfs.FS, dir string) error {
	files, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	there, err := pebble.Peek(dir, fsys)
	if err != nil {
		return err
	}
	for _, file := range files {
		if !there.Exists && !beginning.MatchString(file) {
			return fmt.Errorf("%w: %s", ErrForeign, file)
		}
	}
	return nil
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
	if err := survive(func() error { return o.db.Set(formatKey, mark, pebble.Sync) }); err != nil {
		return fmt.Errorf("marking a new outbox: %w", err)
	}
	return nil
}
