package memstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/meterd/meterd/internal/store"
)

type rowKey struct {
	table store.Table
	key   string
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, rows []store.Row) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	written := make(map[rowKey]store.Row, len(rows))
	for _, row := range rows {
		at := rowKey{row.Table, row.Key}
		standing, ok := written[at]
		if !ok {
			standing = s.rows[at]
		}
		if row.Version != standing.Version {
			return fmt.Errorf("putting %s %q at version %d, but %d stands: %w",
				row.Table, row.Key, row.Version, standing.Version, store.ErrVersion)
		}
		row.Version++
		row.Value = bytes.Clone(row.Value)
		written[at] = row
	}
	for at, row := range written {
		s.payload += len(row.Value) - len(s.rows[at].Value)
		s.rows[at] = row
	}
	return nil
}
