package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
)

// selectFacts reads facts with their calls; a place is a batch and eight bits.
const selectFacts = `
	SELECT f.key, f.quantity, f.detail, f.timestamp, coalesce(f.until, 0), b.first_call + (f.place & 255)
	FROM meterd.facts f JOIN meterd.batches b ON b.id = f.place >> 8 `

// Lookup implements store.Store.
func (s *Store) Lookup(ctx context.Context, k store.Key) (store.Fact, bool, error) {
	if err := k.Kind.Check(); err != nil {
		return store.Fact{}, false, fmt.Errorf("looking up a fact: %w", err)
	}
	var f store.Fact
	err := s.read(ctx, func(ctx context.Context) (err error) {
		f, err = scanFact(s.readers.QueryRow(ctx, selectFacts+"WHERE f.key = $1", appendKey(nil, k)))
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Fact{}, false, nil
	}
	if err != nil {
		return store.Fact{}, false, fmt.Errorf("looking up a fact: %w", err)
	}
	return f, true, nil
}

func scanFact(row pgx.Row) (f store.Fact, err error) {
	var key []byte
	var call int64
	if err := row.Scan(&key, &f.Quantity, &f.Detail, &f.Timestamp, &f.Until, &call); err != nil {
		return store.Fact{}, err
	}
	f.Call = store.CallID(call)
	f.Key, err = parseKey(key)
	return f, err
}

// Scan implements store.Store. Facts that are told while the loop runs may be
// among those that are yielded.
func (s *Store) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Fact, error] {
	if err := r.Kind.Check(); err != nil {
		return func(yield func(store.Fact, error) bool) {
			yield(store.Fact{}, fmt.Errorf("scanning facts: %w", err))
		}
	}
	from, to := appendHourKey(nil, r.Kind, r.FromHour), appendHourKey(nil, r.Kind, r.ToHour)
	if r.After != (store.Key{}) {
		if next := behind(r.After); bytes.Compare(next, from) > 0 {
			from = next
		}
	}
	return scan(ctx, s, factsPage, func(ctx context.Context, last *store.Fact) ([]store.Fact, error) {
		if last != nil {
			from = behind(last.Key)
		}
		rows, err := s.readers.Query(ctx, selectFacts+"WHERE f.key >= $1 AND f.key < $2 ORDER BY f.key LIMIT $3",
			from, to, factsPage)
		return collect(rows, err, func(row pgx.CollectableRow) (store.Fact, error) { return scanFact(row) })
	})
}

// behind is the first key after another: nothing lies between a key and the same
// key with a zero behind it.
func behind(k store.Key) []byte { return append(appendKey(nil, k), 0) }

// ScanCalls implements store.Store.
func (s *Store) ScanCalls(ctx context.Context, after store.CallID) iter.Seq2[store.Call, error] {
	// The database's integers end before the contract's do, and so do its calls.
	id := int64(min(after, math.MaxInt64))
	return scan(ctx, s, callsPage, func(ctx context.Context, last *store.Call) ([]store.Call, error) {
		if last != nil {
			id = int64(last.ID)
		}
		rows, err := s.readers.Query(ctx,
			"SELECT id, told, outcomes, hash FROM meterd.calls WHERE id > $1 ORDER BY id LIMIT $2", id, callsPage)
		return collect(rows, err, scanCall)
	})
}

func scanCall(row pgx.CollectableRow) (c store.Call, err error) {
	var id int64
	var told, outcomes, hash []byte
	if err := row.Scan(&id, &told, &outcomes, &hash); err != nil {
		return c, err
	}
	head, err := parseHead(id, hash)
	if err != nil {
		return c, err
	}
	c.ID, c.Hash = head.Call, head.Hash
	if err := store.ParseTold(told, &c); err != nil {
		return c, fmt.Errorf("reading call %d of shard %d: %w", c.ID.Seq(), c.ID.Shard(), err)
	}
	if len(outcomes) != len(c.Facts) {
		return c, fmt.Errorf("call %d of shard %d has %d outcomes of %d facts: %w",
			c.ID.Seq(), c.ID.Shard(), len(outcomes), len(c.Facts), errDamaged)
	}
	for _, o := range outcomes {
		c.Outcomes = append(c.Outcomes, store.Outcome(o))
	}
	return c, nil
}

// collect reads all rows of a query.
func collect[T any](rows pgx.Rows, err error, one pgx.RowToFunc[T]) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, one)
}

// scan yields pages, each of which page reads behind the last item of the one
// before. A page that is not full is the last.
func scan[T any](
	ctx context.Context, s *Store, full int, page func(ctx context.Context, last *T) ([]T, error),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var last *T
		for {
			var items []T
			err := s.read(ctx, func(ctx context.Context) (err error) {
				items, err = page(ctx, last)
				return err
			})
			if err != nil {
				yield(none, fmt.Errorf("scanning ledger: %w", err))
				return
			}
			for i := range items {
				if err := s.enter(ctx); err != nil {
					yield(none, err)
					return
				}
				s.gate.Leave()
				if !yield(items[i], nil) {
					return
				}
			}
			if len(items) < full {
				return
			}
			last = &items[len(items)-1]
		}
	}
}

// read asks the database something, in bounded time. A connection that was lost
// is replaced, and the question asked again, until patience ends.
func (s *Store) read(ctx context.Context, ask func(context.Context) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	ctx, cancel := bounded(ctx, replyTime)
	defer cancel()
	patience, cancel := bounded(ctx, s.cfg.Patience)
	defer cancel()
	err := retry(patience, func() error {
		err := ask(ctx)
		if isLost(err) {
			err = again{err}
		}
		return err
	})
	if errors.Is(err, context.DeadlineExceeded) && s.readers.Stat().IdleConns() == 0 {
		err = fmt.Errorf("all %d connections for reading are in use: %w", s.cfg.Readers, err)
	}
	return lateness(ctx, err)
}
