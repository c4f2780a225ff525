package pgstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
)

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, rows []store.Row) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	if len(rows) == 0 {
		return nil
	}
	err := s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return put(ctx, tx, rows)
	})
	if err != nil && !errors.Is(err, store.ErrVersion) {
		return fmt.Errorf("putting %d rows: %w", len(rows), err)
	}
	return err
}

// put writes all rows, or fails. What stands is locked, in the order of keys; a
// row that does not stand yet is made by whoever comes first.
func put(ctx context.Context, tx pgx.Tx, rows []store.Row) error {
	standing, err := lockRows(ctx, tx, rows)
	if err != nil {
		return err
	}
	for _, row := range rows {
		at := rowKey(row)
		if row.Version != standing[at] {
			return refusal{fmt.Errorf("putting %s %q at version %d, but %d stands: %w",
				row.Table, row.Key, row.Version, standing[at], store.ErrVersion)}
		}
		if err := putRow(ctx, tx, row); err != nil {
			return err
		}
		standing[at]++
	}
	return nil
}

// rowKey names a row where its table and key would run into each other.
func rowKey(row store.Row) [2]string { return [2]string{string(row.Table), row.Key} }

// lockRows returns the versions that stand.
func lockRows(ctx context.Context, tx pgx.Tx, rows []store.Row) (map[[2]string]uint64, error) {
	var tables, digests [][]byte
	for _, row := range rows {
		sum := sha256.Sum256([]byte(row.Key))
		tables, digests = append(tables, []byte(row.Table)), append(digests, sum[:])
	}
	found, err := tx.Query(ctx, `
		SELECT r.table_name, r.key, r.version FROM meterd.rows r
		WHERE (r.table_name, r.digest) IN (SELECT * FROM unnest($1::bytea[], $2::bytea[]))
		ORDER BY r.table_name, r.digest FOR UPDATE`, tables, digests)
	if err != nil {
		return nil, err
	}
	versions := map[[2]string]uint64{}
	var table, key []byte
	var version int64
	_, err = pgx.ForEachRow(found, []any{&table, &key, &version}, func() error {
		versions[[2]string{string(table), string(key)}] = uint64(version)
		return nil
	})
	return versions, err
}

// putRow writes a row over one that is locked, or where none stands.
func putRow(ctx context.Context, tx pgx.Tx, row store.Row) error {
	sum := sha256.Sum256([]byte(row.Key))
	sql := "UPDATE meterd.rows SET key = $3, value = $4, version = $5 WHERE table_name = $1 AND digest = $2"
	if row.Version == 0 {
		sql = "INSERT INTO meterd.rows (table_name, digest, key, value, version) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
	}
	// A value that is nil is not the database's null.
	value := append([]byte{}, row.Value...)
	written, err := tx.Exec(ctx, sql, []byte(row.Table), sum[:], []byte(row.Key), value, int64(row.Version+1))
	if err == nil && written.RowsAffected() == 0 {
		return refusal{fmt.Errorf("putting %s %q, which another replica has put at the same time: %w",
			row.Table, row.Key, store.ErrVersion)}
	}
	return err
}

// TableVersion implements store.Shared: rows are only ever added, and versions
// raised, until a Reset, which raises the epochs of all shards. That these are
// raised at other times too tells of a change where there is none, and seldom.
func (s *Store) TableVersion(ctx context.Context, table store.Table) (uint64, error) {
	var sum int64
	err := s.read(ctx, func(ctx context.Context) error {
		return s.readers.QueryRow(ctx, `
			SELECT coalesce(sum(version) + (SELECT coalesce(sum(epoch), 0) FROM meterd.shards) * 4294967296, 0)::int8
			FROM meterd.rows WHERE table_name = $1`, []byte(table)).Scan(&sum)
	})
	if err != nil {
		return 0, fmt.Errorf("reading the version of table %s: %w", table, err)
	}
	return uint64(sum), nil
}

// Rows implements store.Store. A table is read as a whole: there are few rows,
// and their keys may be longer than an index takes.
func (s *Store) Rows(ctx context.Context, table store.Table) iter.Seq2[store.Row, error] {
	const noPages = int(^uint(0) >> 1)
	return scan(ctx, s, noPages, func(ctx context.Context, _ *store.Row) ([]store.Row, error) {
		rows, err := s.readers.Query(ctx, `
			SELECT table_name, key, value, version FROM meterd.rows
			WHERE table_name = $1 OR $2::bool`, []byte(table), table == store.AllTables)
		list, err := collect(rows, err, func(row pgx.CollectableRow) (store.Row, error) {
			var r store.Row
			var table, key []byte
			err := row.Scan(&table, &key, &r.Value, &r.Version)
			r.Table, r.Key = store.Table(table), string(key)
			return r, err
		})
		slices.SortFunc(list, func(a, b store.Row) int {
			return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key))
		})
		return list, err
	})
}
