package pebblestore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/store"
)

var _ store.Reclaimer = (*Store)(nil)

// Reclaim implements store.Reclaimer: where nothing stands any more before the
// first entry, Pebble is asked to sort now what it would sort some time.
func (s *Store) Reclaim(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := s.stoppedBy(); err != nil {
		return err // To sort, a log must be ended and another begun.
	}
	heads, err := s.heads()
	if err != nil {
		return fmt.Errorf("giving back the disk: %w", damage(err))
	}
	var spans [][2][]byte
	for _, kind := range store.UsageKinds {
		spans = append(spans, [2][]byte{{byte(kind)}, {byte(kind) + 1}})
	}
	for _, head := range heads {
		from, to := shardKeys(head.Call.Shard())
		spans = append(spans, [2][]byte{from, to})
	}
	for _, span := range spans {
		if err := s.reclaim(ctx, span[0], span[1]); err != nil {
			return fmt.Errorf("giving back the disk: %w", err)
		}
	}
	return nil
}

// reclaim compacts a span up to its first entry.
func (s *Store) reclaim(ctx context.Context, from, to []byte) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	if it.First() {
		to = bytes.Clone(it.Key())
	}
	if err := it.Close(); err != nil || bytes.Compare(from, to) >= 0 {
		return err
	}
	return s.db.Compact(ctx, from, to, false)
}
