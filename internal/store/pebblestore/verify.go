package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/meterd/meterd/internal/store"
)

var _ store.Verifier = (*Store)(nil)

// Verify implements store.Verifier: it reads every table of the database. What
// the log holds was read, and compared with its checksums, when it was opened.
func (s *Store) Verify(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := s.db.Flush(); err != nil {
		return fmt.Errorf("writing the log into a table: %w", err)
	}
	done := map[string]bool{}
	for {
		before := len(done)
		if err := s.verifyTables(ctx, done); err != nil {
			return err
		}
		if len(done) == before {
			return nil // Nothing came up while the others were read.
		}
	}
}

// verifyTables reads the tables that are not done.
func (s *Store) verifyTables(ctx context.Context, done map[string]bool) error {
	levels, err := s.db.SSTables()
	if err != nil {
		return fmt.Errorf("listing tables: %w", err)
	}
	for _, tables := range levels {
		for _, table := range tables {
			name := fmt.Sprintf("%06d.sst", uint64(table.BackingSSTNum))
			if done[name] {
				continue
			}
			done[name] = true
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.verifyTable(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("table %s: %w", name, damage(err))
			} // A table that is gone has been merged into others since.
		}
	}
	return nil
}

func (s *Store) verifyTable(ctx context.Context, name string) error {
	file, err := s.cfg.fs.Open(s.cfg.fs.PathJoin(s.dir, name))
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(file)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	o := options(s.cfg)
	o.EnsureDefaults()
	r, err := sstable.NewReader(ctx, readable, o.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	return errors.Join(r.ValidateBlockChecksums(), r.Close())
}
