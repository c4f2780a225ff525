package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/store"
)

// Put implements store.Store. Rows are written one Put at a time, for they
// change seldom and their versions are then those of the database.
func (s *Store) Put(ctx context.Context, rows []store.Row) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	return s.writeStaged(ctx, s.alone, func(g *group) error { return g.put(rows) })
}

// put stages all rows, or none if one of them meets another version.
func (g *group) put(rows []store.Row) error {
	versions := make(map[string]uint64, len(rows))
	for _, row := range rows {
		key := string(append(appendTableKey(nil, row.Table), row.Key...))
		standing, ok := versions[key]
		if !ok {
			var err error
			if standing, err = g.s.rowVersion([]byte(key)); err != nil {
				return fmt.Errorf("putting %s %q: %w", row.Table, row.Key, err)
			}
		}
		if row.Version != standing {
			return fmt.Errorf("putting %s %q at version %d, but %d stands: %w",
				row.Table, row.Key, row.Version, standing, store.ErrVersion)
		}
		versions[key] = row.Version + 1
	}
	for _, row := range rows {
		g.key = append(appendTableKey(g.key[:0], row.Table), row.Key...)
		g.value = appendRow(g.value[:0], row.Version+1, row.Value)
		g.set()
	}
	return nil
}

// rowVersion is 0 if there is no such row.
func (s *Store) rowVersion(key []byte) (uint64, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer closer.Close()
	version, _, err := decodeRow(value)
	return version, err
}

// Rows implements store.Store.
func (s *Store) Rows(ctx context.Context, table store.Table) iter.Seq2[store.Row, error] {
	prefix := []byte{rowPrefix}
	if table != store.AllTables {
		prefix = appendTableKey(nil, table)
	}
	open := func() (*cursor, error) { return s.entries(prefix, after(prefix)) }
	return scan(ctx, s, open, func(key, value []byte) (row store.Row, err error) {
		if row.Table, row.Key, err = decodeRowKey(key); err != nil {
			return row, err
		}
		row.Version, value, err = decodeRow(value)
		row.Value = append([]byte(nil), value...)
		return row, err
	})
}
