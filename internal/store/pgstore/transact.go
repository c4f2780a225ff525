package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
)

// begin begins every transaction. Read committed suffices, because each decision
// rests on a unique index and not on what a snapshot says is not there: an
// insert either creates the row, or meets one that is committed and is read
// after that; and what is read to be replaced is locked. A stricter level would
// only make the database remember all that was read, and ask for more repeats.
const begin = "BEGIN ISOLATION LEVEL READ COMMITTED"

// transact runs a transaction on a reader's connection, once. The answer is
// again, ErrUnknownOutcome, or final.
func (s *Store) transact(ctx context.Context, run func(pgx.Tx) error) (err error) {
	conn, err := s.readers.Acquire(ctx)
	if err != nil {
		return beforeCommit(fmt.Errorf("connecting: %w", err))
	}
	defer conn.Release()
	defer func() { s.leaveReadOnly(err) }()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return beforeCommit(err)
	}
	if err := run(tx); err != nil {
		// The error that counts is the first; a connection that cannot even
		// roll back is closed by pgx.
		_ = tx.Rollback(ctx)
		return beforeCommit(err)
	}
	takeWarning(conn.Conn().PgConn())
	if err := tx.Commit(ctx); err != nil {
		return inCommit(err)
	}
	return confirmed(takeWarning(conn.Conn().PgConn()))
}

// confirmed judges a commit that was reported as done, with or without warning.
func confirmed(warning string) error {
	if warning != "" {
		return fmt.Errorf("%w: the database warned: %s", store.ErrUnknownOutcome, warning)
	}
	return nil
}

// write runs a transaction until it is done, or ctx or the time is over.
func (s *Store) write(ctx context.Context, run func(context.Context, pgx.Tx) error) error {
	ctx, cancel := bounded(ctx, replyTime)
	defer cancel()
	err := retry(ctx, func() error {
		return s.transact(ctx, func(tx pgx.Tx) error { return run(ctx, tx) })
	})
	return lateness(ctx, err)
}
