package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/pebbledir"
	"github.com/meterd/meterd/internal/store"
)

// formatVersion is that of the keys and tables of encode.go. A ledger with a
// higher one was written by a later meterd, which may rely on what this one does
// not know. 1 and 2 were of no release: the calls of 1 did not keep what they
// told, and those of 2 had entries of the trail in another form.
const formatVersion = 3

var (
	// ErrLocked is returned by Open when somebody has the ledger open.
	ErrLocked = errors.New("somebody else has it open")
	// ErrForeign is returned by Open for a directory with something else in
	// it, which it leaves as it is.
	ErrForeign = errors.New("the directory holds something else than a whole ledger")
	// ErrNewer is returned by Open for a ledger of a later meterd.
	ErrNewer = errors.New("the ledger was written by a newer meterd")
	// ErrUnreleased is returned by Open for a ledger from before the first
	// release.
	ErrUnreleased = errors.New("the ledger was written by a meterd of before the first release")
)

// formatKey is where the ledger's format version stands.
var formatKey = append([]byte{metaPrefix}, "format"...)

// Open opens the ledger in dir, or makes one if dir is empty or does not exist.
// Opening after a crash is no different from opening.
func Open(dir string, cfg Config) (*Store, error) {
	s, err := open(dir, cfg.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("opening ledger in %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string, cfg Config) (*Store, error) {
	if cfg.fs == vfs.Default {
		var err error
		if dir, err = pebbledir.Canonical(dir); err != nil {
			return nil, err
		}
	}
	if err := pebbledir.RefuseForeign(cfg.fs, dir, ErrForeign); err != nil {
		return nil, err
	}
	if err := shortageOf(cfg.fs, dir).all; err != nil {
		return nil, err
	}
	held := &heldFS{FS: cfg.fs}
	cfg.fs = held
	var db *pebble.DB
	// Pebble also makes durable what it finds in its log, before it returns. It
	// must: that may have been written but not confirmed before a crash, and
	// decisions build on it.
	err := pebbledir.Survive(func() (err error) {
		db, err = pebble.Open(dir, options(cfg))
		return err
	})
	if err = damage(err); errors.Is(err, store.ErrDamaged) {
		return nil, errors.Join(err, firstLogDamage(cfg.fs, dir))
	}
	if err != nil {
		return nil, err
	}
	s := newStore(db, dir, cfg)
	if err := s.load(); err != nil {
		if err = damage(err); errors.Is(err, store.ErrDamaged) {
			err = errors.Join(err, s.firstDamage())
		}
		return nil, errors.Join(err, s.closeFiles())
	}
	if err := held.release(); err != nil {
		cfg.Logger.Warn("files of the ledger that are not needed any more could not be removed", "error", err)
	}
	go s.commitAll()
	s.background.Go(s.indexAll)
	s.background.Go(s.loadAll)
	return s, nil
}

func newStore(db *pebble.DB, dir string, cfg Config) *Store {
	s := &Store{
		db:       db,
		dir:      dir,
		cfg:      cfg,
		log:      cfg.Logger,
		tables:   tableOptions(db, cfg),
		seed:     maphash.MakeSeed(),
		names:    names{ids: make(map[string]store.NameID)},
		backlog:  newBacklog(cfg.segmentFacts),
		grouped:  make(chan *job, queueLength),
		alone:    make(chan *job),
		finished: make(chan struct{}),
		sealed:   make(chan *segment, sealedMax+1),
		loads:    make(chan load, filterHoursMax),
		indexed:  make(chan struct{}, 1),
		quit:     make(chan struct{}),
	}
	s.filter = filter{s: s, hours: make(map[store.Hour]*hourFilter)}
	return s
}

// load reads what the store keeps in memory, and sees whether the ledger is what
// it was when it was used last.
func (s *Store) load() error {
	var err error
	if s.witness, s.seen, err = openWitness(s.cfg.fs, s.cfg.fs.PathJoin(s.dir, witnessFile), s.log); err != nil {
		return err
	}
	if err := s.checkFormat(); err != nil {
		return err
	}
	if err := s.loadNames(); err != nil {
		return fmt.Errorf("loading names: %w", err)
	}
	if s.head, err = s.readHead(ownShard); err != nil {
		return fmt.Errorf("loading the last call: %w", err)
	}
	if s.changes, err = s.readChanges(); err != nil {
		return fmt.Errorf("loading the number of changes: %w", err)
	}
	if err := s.compareWithWitness(); err != nil {
		return err
	}
	if err := s.recover(); err != nil {
		return fmt.Errorf("reading the end of the log: %w", err)
	}
	s.witness.write(s.extent())
	return nil
}

// closeFiles is for a store that was never used.
func (s *Store) closeFiles() error {
	err := s.db.Close()
	if s.witness != nil {
		err = errors.Join(err, s.witness.file.Close())
	}
	return err
}

// checkFormat refuses a later format, and marks a new ledger with this one.
func (s *Store) checkFormat() error {
	value, closer, err := s.db.Get(formatKey)
	if errors.Is(err, pebble.ErrNotFound) && s.seen != (extent{}) {
		return s.cutShort("it is empty, and call %d was acknowledged", s.seen.head.Call)
	}
	if errors.Is(err, pebble.ErrNotFound) {
		return s.markFormat()
	}
	if err != nil {
		return fmt.Errorf("reading the format: %w", err)
	}
	defer closer.Close()
	version, n := binary.Uvarint(value)
	if n <= 0 || version == 0 {
		return fmt.Errorf("format %x: %w", value, errDamaged)
	}
	if version > formatVersion {
		return fmt.Errorf("%w: its format is %d, this meterd knows %d", ErrNewer, version, formatVersion)
	}
	if version < formatVersion {
		return fmt.Errorf("%w: its format is %d, not %d", ErrUnreleased, version, formatVersion)
	}
	return nil
}

func (s *Store) markFormat() error {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return err
	}
	occupied := it.First()
	if err := it.Close(); err != nil {
		return err
	}
	if occupied {
		return fmt.Errorf("%w: a Pebble database without the ledger's mark", ErrForeign)
	}
	mark := binary.AppendUvarint(nil, formatVersion)
	if err := pebbledir.Survive(func() error { return s.db.Set(formatKey, mark, pebble.Sync) }); err != nil {
		return fmt.Errorf("marking a new ledger: %w", err)
	}
	return nil
}

func (s *Store) loadNames() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{namePrefix}, UpperBound: []byte{namePrefix + 1}})
	if err != nil {
		return err
	}
	var list []string
	for ok := it.First(); ok; ok = it.Next() {
		if want := appendNameKey(nil, store.NameID(len(list)+1)); string(it.Key()) != string(want) {
			return errors.Join(fmt.Errorf("name %x instead of %x: %w", it.Key(), want, errDamaged), it.Close())
		}
		list = append(list, string(it.Value()))
	}
	s.names.add(list)
	return it.Close()
}
