package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
)

// DropBefore implements store.Store. Each hour of a kind is a transaction of its
// own, so that none is long; if one fails, those before it stay forgotten, and
// dropping again goes on.
func (s *Store) DropBefore(ctx context.Context, hour store.Hour) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	for _, kind := range store.UsageKinds {
		for first, more := store.Hour(0), true; more; {
			var err error
			if first, more, err = s.dropFirst(ctx, kind, first, hour); err != nil {
				return fmt.Errorf("dropping hours before %d: %w", hour, err)
			}
		}
	}
	return nil
}

// dropFirst drops the first hour of a kind from one on that has facts, if it
// comes before another.
func (s *Store) dropFirst(ctx context.Context, kind store.Kind, from, before store.Hour) (next store.Hour, more bool, err error) {
	ctx, cancel := bounded(ctx, forgetTime)
	defer cancel()
	err = retry(ctx, func() error {
		var key []byte
		err := s.readers.QueryRow(ctx, "SELECT key FROM meterd.facts WHERE key >= $1 AND key < $2 ORDER BY key LIMIT 1",
			appendHourKey(nil, kind, from), appendHourKey(nil, kind, before)).Scan(&key)
		if errors.Is(err, pgx.ErrNoRows) {
			more = false
			return nil
		}
		if err != nil {
			return beforeCommit(err)
		}
		first, err := parseKey(key)
		if err != nil {
			return err
		}
		next, more = first.Hour+1, true
		return s.transact(ctx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "DELETE FROM meterd.facts WHERE key >= $1 AND key < $2",
				appendHourKey(nil, kind, first.Hour), appendHourKey(nil, kind, next))
			return err
		})
	})
	return next, more, lateness(ctx, err)
}

// DropCalls implements store.Store, some calls at a time, as DropBefore does.
// Batches stay, because facts that stay find their calls by them.
func (s *Store) DropCalls(ctx context.Context, upTo store.CallID) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	for more := upTo.Shard() <= shardMax; more; {
		var err error
		if more, err = s.dropCalls(ctx, upTo); err != nil {
			return fmt.Errorf("dropping calls up to %s: %w", upTo, err)
		}
	}
	return nil
}

// dropCalls drops the first calls of a shard, if they are to be dropped. The
// newest that is there now stays, and so do those that come in the meantime.
func (s *Store) dropCalls(ctx context.Context, upTo store.CallID) (more bool, err error) {
	ctx, cancel := bounded(ctx, forgetTime)
	defer cancel()
	err = retry(ctx, func() error {
		return s.transact(ctx, func(tx pgx.Tx) error {
			dropped, err := tx.Exec(ctx, `
				DELETE FROM meterd.calls WHERE id IN (
					SELECT id FROM meterd.calls
					WHERE id > $1 AND id <= $2 AND id < (SELECT max(id) FROM meterd.calls WHERE id > $1 AND id < $3)
					ORDER BY id LIMIT $4
				)`,
				int64(store.NewCallID(upTo.Shard(), 0)), int64(upTo), int64(store.NewCallID(upTo.Shard()+1, 0)), dropPage)
			more = dropped.RowsAffected() == dropPage
			return err
		})
	})
	return more, lateness(ctx, err)
}

// Reset implements store.Store. New tenures of all shards make sure that no
// replica commits what it has decided over the facts that are forgotten.
func (s *Store) Reset(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	ctx, cancel := bounded(ctx, forgetTime)
	defer cancel()
	err := retry(ctx, func() error {
		return s.transact(ctx, func(tx pgx.Tx) error {
			for _, sql := range []string{
				"UPDATE meterd.shards SET epoch = epoch + 1",
				"DELETE FROM meterd.calls",
				"DELETE FROM meterd.batches",
				"DELETE FROM meterd.facts",
				"DELETE FROM meterd.rows",
			} {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("forgetting all: %w", lateness(ctx, err))
	}
	return nil
}
