package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

var (
	// ErrNewer is returned by Open for a database of a later meterd.
	ErrNewer = errors.New("the ledger was written by a newer meterd")
	// ErrNone is returned by Open for a database without a ledger that was to
	// have one.
	ErrNone = errors.New("the database holds no ledger")
)

// Migrations are numbered from 1 without gaps, and are never edited once they
// were released: a change is a further file.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step of the schema.
type migration struct {
	version int
	sql     string
}

func migrations() (list []migration, err error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != len(list)+1 {
			return nil, fmt.Errorf("migration %s comes at place %d", name, len(list)+1)
		}
		sql, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list = append(list, migration{version, string(sql)})
	}
	return list, nil
}

// migrate brings the schema up to this meterd's. Replicas may do so at the same
// time: each step claims its number in a table, so one of them takes it, and the
// others wait for that one and go on behind it. A database that is up to date
// is only read, so that a role without the right to create tables will do.
func (s *Store) migrate(ctx context.Context) error {
	list, err := migrations()
	if err != nil {
		return err
	}
	return retry(ctx, func() error {
		version, err := s.schemaVersion(ctx)
		if err != nil {
			return err
		}
		if version > len(list) {
			return fmt.Errorf("%w: its schema is %d, this meterd knows %d", ErrNewer, version, len(list))
		}
		for _, m := range list[version:] {
			if err := s.step(ctx, m); err != nil {
				return fmt.Errorf("migration %d: %w", m.version, err)
			}
		}
		return nil
	})
}

// schemaVersion reads the last step that was taken, and makes the place where
// steps are claimed in a database without one.
func (s *Store) schemaVersion(ctx context.Context) (version int, err error) {
	err = s.readers.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM meterd.migrations").Scan(&version)
	switch sqlState(err) {
	case stateNoSchema, stateNoTable:
		if s.cfg.MustExist {
			return 0, ErrNone
		}
		return 0, s.makePlace(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("reading the schema's version: %w", err)
	}
	return version, nil
}

func (s *Store) makePlace(ctx context.Context) error {
	for _, sql := range []string{
		"CREATE SCHEMA IF NOT EXISTS meterd",
		"CREATE TABLE IF NOT EXISTS meterd.migrations (version int4 PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
	} {
		_, err := s.readers.Exec(ctx, sql)
		switch sqlState(err) {
		case stateUnique, stateSchemaIsThere, stateTableIsThere, stateObjectIsThere:
			// IF NOT EXISTS looks first and creates then: another replica was
			// quicker in between.
			return again{err}
		}
		if err != nil {
			return fmt.Errorf("creating the schema meterd: %w", err)
		}
	}
	return nil
}

// step takes one step, unless another replica does.
func (s *Store) step(ctx context.Context, m migration) error {
	return s.transact(ctx, func(tx pgx.Tx) error {
		claimed, err := tx.Exec(ctx, "INSERT INTO meterd.migrations (version) VALUES ($1) ON CONFLICT DO NOTHING", m.version)
		if err != nil || claimed.RowsAffected() == 0 {
			return err
		}
		_, err = tx.Exec(ctx, m.sql, pgx.QueryExecModeSimpleProtocol)
		return err
	})
}
