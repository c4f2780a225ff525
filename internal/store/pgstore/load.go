package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
)

// Load implements store.Store. It is one transaction, under the tail's lock and
// ends the tenure, because the chain of this replica's shard may have a new end.
func (s *Store) Load(ctx context.Context, calls []store.Call, facts []store.Fact) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	for i := range facts {
		if err := facts[i].Key.Kind.Check(); err != nil {
			return fmt.Errorf("loading fact %d: %w", i, err)
		}
	}
	for i := range calls {
		if calls[i].ID.Shard() > shardMax {
			return fmt.Errorf("loading call %s: a database has shards up to %d only", calls[i].ID, shardMax)
		}
	}
	s.tail.mu.Lock()
	defer s.tail.mu.Unlock()
	s.tail.known = false
	ctx, cancel := bounded(ctx, forgetTime)
	defer cancel()
	err := retry(ctx, func() error {
		return s.transact(ctx, func(tx pgx.Tx) error {
			if err := loadCalls(ctx, tx, calls); err != nil {
				return err
			}
			return loadFacts(ctx, tx, facts)
		})
	})
	return lateness(ctx, err)
}

// loadCalls inserts calls. A shard that is not there yet is nobody's and free at
// once.
func loadCalls(ctx context.Context, tx pgx.Tx, calls []store.Call) error {
	ends := map[uint16]store.CallID{}
	var ids []int64
	var tolds, outcomes, hashes [][]byte
	for i := range calls {
		c := &calls[i]
		last, ok := ends[c.ID.Shard()]
		if !ok {
			var err error
			if last, err = beginShard(ctx, tx, c.ID.Shard()); err != nil {
				return err
			}
		}
		if c.ID.Seq() == 0 || last.Seq() != 0 && c.ID != last+1 {
			return refusal{fmt.Errorf("loading call %s behind %s: %w", c.ID, last, store.ErrGap)}
		}
		ends[c.ID.Shard()] = c.ID
		ids = append(ids, int64(c.ID))
		tolds = append(tolds, store.AppendTold(nil, &store.Request{At: c.At, Guarded: c.Guarded, Call: c.Entry, Facts: c.Facts}))
		letters := []byte{}
		for _, outcome := range c.Outcomes {
			letters = append(letters, byte(outcome))
		}
		outcomes, hashes = append(outcomes, letters), append(hashes, c.Hash[:])
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO meterd.calls (id, epoch, told, outcomes, hash)
		SELECT id, 0, told, outcomes, hash FROM unnest($1::int8[], $2::bytea[], $3::bytea[], $4::bytea[]) AS v (id, told, outcomes, hash)`,
		ids, tolds, outcomes, hashes)
	if err != nil {
		return fmt.Errorf("loading %d calls: %w", len(calls), err)
	}
	return nil
}

// beginShard makes a shard unless it is there, and returns its last call, with
// the number 0 if it has none.
func beginShard(ctx context.Context, tx pgx.Tx, shard uint16) (store.CallID, error) {
	_, err := tx.Exec(ctx, `
		INSERT INTO meterd.shards (id, owner, epoch, expires) VALUES ($1, $2, 0, now()) ON CONFLICT DO NOTHING`,
		int32(shard), []byte{})
	if err != nil {
		return 0, fmt.Errorf("making shard %d: %w", shard, err)
	}
	var last int64
	err = tx.QueryRow(ctx, "SELECT coalesce(max(id), $1) FROM meterd.calls WHERE id > $1 AND id < $2",
		int64(store.NewCallID(shard, 0)), int64(store.NewCallID(shard+1, 0))).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("reading the end of shard %d: %w", shard, err)
	}
	return store.CallID(last), nil
}

// loadFacts inserts facts, and the batches by which they find their calls: each
// stands for the 256 calls that agree in all but the bits of a place.
func loadFacts(ctx context.Context, tx pgx.Tx, facts []store.Fact) error {
	batches := map[store.CallID]int64{}
	next := map[uint16]int64{}
	var ids, firsts []int64
	var keys, details [][]byte
	var quantities, timestamps, places []int64
	var untils []*int64
	for i := range facts {
		f := &facts[i]
		first := f.Call >> placeBits << placeBits
		batch, ok := batches[first]
		if !ok {
			var err error
			if batch, err = nextBatch(ctx, tx, first.Shard(), next); err != nil {
				return err
			}
			batches[first] = batch
			ids, firsts = append(ids, batch), append(firsts, int64(first))
		}
		keys, quantities, timestamps = append(keys, appendKey(nil, f.Key)), append(quantities, f.Quantity), append(timestamps, f.Timestamp)
		places = append(places, batch<<placeBits|int64(f.Call-first))
		var until *int64
		if f.Until != 0 {
			until = &f.Until
		}
		var detail []byte // null
		if len(f.Detail) > 0 {
			detail = f.Detail
		}
		untils, details = append(untils, until), append(details, detail)
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO meterd.batches (id, first_call) SELECT id, first_call FROM unnest($1::int8[], $2::int8[]) AS v (id, first_call)`,
		ids, firsts); err != nil {
		return fmt.Errorf("loading %d batches: %w", len(ids), err)
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO meterd.facts (key, quantity, timestamp, place, until, detail)
		SELECT key, quantity, timestamp, place, until, detail
		FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::bytea[])
			AS v (key, quantity, timestamp, place, until, detail)
		ON CONFLICT (key) DO UPDATE SET quantity = excluded.quantity, timestamp = excluded.timestamp,
			place = excluded.place, until = excluded.until, detail = excluded.detail`,
		keys, quantities, timestamps, places, untils, details); err != nil {
		return fmt.Errorf("loading %d facts: %w", len(facts), err)
	}
	return nil
}

// nextBatch returns the id of a shard's next batch. next keeps the numbers.
func nextBatch(ctx context.Context, tx pgx.Tx, shard uint16, next map[uint16]int64) (int64, error) {
	if next[shard] == 0 {
		var last int64
		err := tx.QueryRow(ctx, "SELECT coalesce(max(id), $1) FROM meterd.batches WHERE id >= $1 AND id < $2",
			batchID(shard, 0), batchID(shard+1, 0)).Scan(&last)
		if err != nil {
			return 0, fmt.Errorf("reading the last batch of shard %d: %w", shard, err)
		}
		next[shard] = last
	}
	next[shard]++
	return next[shard], nil
}
