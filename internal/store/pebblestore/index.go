package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// indexAll is the indexer: it takes up one sealed stretch of the log after the
// other, until the queue is closed. After quit is closed it does nothing any
// more; what is left is taken up after the ledger is opened again.
func (s *Store) indexAll() {
	for sg := range s.sealed {
		for !s.indexOne(sg) {
		}
	}
}

// indexOne takes up a stretch and reports whether that is done with. Who waits
// for the indexer is told how it went.
func (s *Store) indexOne(sg *segment) (done bool) {
	select {
	case <-s.quit:
		return true
	default:
	}
	if s.stoppedBy() != nil {
		return true // From then on the database is only read.
	}
	err := s.index(sg)
	if err == nil {
		s.backlog.leave()
		s.indexTrouble.Store(nil)
	} else {
		s.log.Warn("facts could not be indexed; it is tried again", "up to call", sg.upTo.Call, "error", err)
		s.indexTrouble.Store(&err)
	}
	select {
	case s.indexed <- struct{}{}:
	default: // There is a sign already that nobody has seen.
	}
	if err == nil {
		return true
	}
	select {
	case <-s.quit:
	case <-time.After(s.cfg.pause):
	}
	return false
}

// index writes the facts of a sealed stretch into sorted tables, one for each
// kind, and puts all of them into the database at once, together with how far
// the index goes now.
func (s *Store) index(sg *segment) error {
	facts := view{{entries: sg.entries, facts: sg.facts}}.sort(nil, nil)
	var paths []string
	for from := 0; from < len(facts.refs); {
		kind, to := facts.refs[from].kind(), from
		for to < len(facts.refs) && facts.refs[to].kind() == kind {
			to++
		}
		path, err := s.writeTable(string(rune(kind)), func(w *sstable.Writer) error { return facts.write(w, from, to) })
		if err != nil {
			return err
		}
		paths, from = append(paths, path), to
	}
	path, err := s.writeTable("mark", func(w *sstable.Writer) error {
		return w.Set(indexedKey, appendHead(nil, sg.upTo))
	})
	if err != nil {
		return err
	}
	if err := s.db.Ingest(context.Background(), append(paths, path)); err != nil {
		return fmt.Errorf("taking tables into the index: %w", err)
	}
	return nil
}

// write writes some of the facts.
func (s *sorted) write(w *sstable.Writer, from, to int) error {
	var value []byte
	for _, r := range s.refs[from:to] {
		call, key, rest := s.fact(r)
		value = appendFactValue(value[:0], call, rest)
		if err := w.Set(key, value); err != nil {
			return err
		}
	}
	return nil
}

// kind is the first byte of the key.
func (r ref) kind() byte { return byte(r.key[0] >> 56) }

// writeTable writes a table that the database takes as it is, and returns its
// path. What a killed process left there is overwritten.
func (s *Store) writeTable(name string, fill func(*sstable.Writer) error) (path string, err error) {
	path = s.cfg.fs.PathJoin(s.dir, "indexing-"+name+".sst")
	file, err := s.cfg.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return "", fmt.Errorf("making a table: %w", err)
	}
	// In small portions, so that the log's syncs do not wait for one big one.
	file = vfs.NewSyncingFile(file, vfs.SyncingFileOptions{BytesPerSync: tableBytesPerSync})
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(file), s.tables)
	if err := errors.Join(fill(w), w.Close()); err != nil {
		return "", fmt.Errorf("writing a table: %w", err)
	}
	return path, nil
}

// seal hands what the log has got since the last time to the indexer. All of it
// is durable.
func (s *Store) seal() {
	s.sealed <- s.backlog.seal(s.head)
}

// makeRoom seals the active segment if it is long enough, and waits until the
// index has taken up enough of those before it. It fails if the index cannot.
func (s *Store) makeRoom() error {
	if !s.backlog.isFull(s.cfg.segmentFacts) {
		return nil
	}
	if err := s.awaitIndex(sealedMax - 1); err != nil {
		return err
	}
	s.seal()
	return nil
}

// indexEverything waits until the index has all that the log has.
func (s *Store) indexEverything() error {
	if s.backlog.active.facts > 0 {
		s.seal()
	}
	return s.awaitIndex(0)
}

// awaitIndex waits until at most so many segments wait for the index. It fails
// if the last of them could not be taken up.
func (s *Store) awaitIndex(waiting int) error {
	for s.backlog.waiting() > waiting {
		if trouble := s.indexTrouble.Load(); trouble != nil {
			return fmt.Errorf("indexing facts: %w", *trouble)
		}
		<-s.indexed
	}
	return nil
}

// crowdedBy says why the store accepts no more facts for now, if it does not.
func (s *Store) crowdedBy() error {
	trouble := s.indexTrouble.Load()
	if trouble == nil || !s.backlog.isFull(s.cfg.segmentFacts) || s.backlog.waiting() < sealedMax {
		return nil
	}
	return fmt.Errorf("the ledger accepts no more usage until what it has can be indexed: %w", *trouble)
}
