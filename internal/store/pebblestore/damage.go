package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/wal"

	"github.com/meterd/meterd/internal/store"
)

// damage marks what Pebble calls corruption. The first line of its text says all.
func damage(err error) error {
	if !pebble.IsCorruptionError(err) || errors.Is(err, store.ErrDamaged) {
		return err
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%w: %s", store.ErrDamaged, text)
}

// firstDamage says which call is the first that cannot be read, or not as it was
// written; nil if all can.
func (s *Store) firstDamage() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{callPrefix}, UpperBound: []byte{callPrefix + 1}})
	if err != nil {
		return damage(err)
	}
	defer it.Close()
	var call store.Call
	next := store.CallID(1)
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if err = parseAt(it, &call); err == nil {
			next = call.ID + 1
		}
	}
	if err == nil {
		err = it.Error()
	}
	if err != nil {
		return fmt.Errorf("the first call that cannot be read is call %d: %w", next, damage(err))
	}
	return nil
}

// firstLogDamage says behind which call the log cannot be read, where Pebble
// refuses to; nil if it can, or if even the files cannot be listed.
func firstLogDamage(fs vfs.FS, dir string) error {
	logs, err := wal.Scan(wal.Dir{FS: fs, Dirname: dir})
	if err != nil {
		return nil // The opening has failed for the same reason, and says so.
	}
	var last store.CallID
	for _, log := range logs {
		if last, err = lastOfLog(log, last); err != nil && last == 0 {
			return errors.New("the log cannot be read from its first call on")
		} else if err != nil {
			return fmt.Errorf("the log cannot be read behind call %d", last)
		}
	}
	return nil
}

// lastOfLog reads a log to its end and returns its last call, or last if it has
// none.
func lastOfLog(log wal.LogicalLog, last store.CallID) (store.CallID, error) {
	r := log.OpenForRead()
	defer r.Close()
	for {
		record, _, err := r.NextRecord()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		batch, err := io.ReadAll(record)
		if err != nil {
			return last, err
		}
		if len(batch) < batchrepr.HeaderLen {
			return last, errDamaged
		}
		entries := batchrepr.Read(batch)
		for {
			_, key, _, ok, err := entries.Next()
			if err != nil {
				return last, err
			}
			if !ok {
				break
			}
			if id, err := decodeCallKey(key); err == nil && key[0] == callPrefix {
				last = id
			}
		}
	}
}
