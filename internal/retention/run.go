package retention

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/meterd/meterd/internal/checkpoint"
	"github.com/meterd/meterd/internal/store"
)

// stepHours is how many hours are dropped at a time at most: more are cheaper to
// drop, but all that has changed is written in one commit.
const stepHours = 24

// hourMillis are the milliseconds of an hour.
const hourMillis = 3_600_000

// Dropped says what a run has dropped.
type Dropped struct {
	Records, Calls uint64
}

// Run drops the records of all hours before one, and the calls that tell nothing
// else. Each hour's records are counted before, in one commit with a mark, so a
// run that was broken off is gone on with by the next one and counts nothing
// twice; for that nobody may tell records of these hours any more. key signs where
// the calls were cut, now is when. Where several replicas run, one of them wins and
// the others' answer is store.ErrVersion.
func Run(ctx context.Context, s store.Store, before store.Hour, key ed25519.PrivateKey, now time.Time) (Dropped, error) {
	r := &run{store: s, key: key, now: now}
	var err error
	if r.cut, err = Read(ctx, s); err != nil {
		return r.dropped, err
	}
	if err := r.drop(ctx); err != nil {
		return r.dropped, err
	}
	for more := r.cut.Hour < before; more; {
		if more, err = r.step(ctx, before); err != nil {
			return r.dropped, err
		}
	}
	if s, ok := s.(store.Reclaimer); ok && r.dropped != (Dropped{}) {
		if err := s.Reclaim(ctx); err != nil {
			return r.dropped, err
		}
	}
	return r.dropped, nil
}

type run struct {
	store   store.Store
	key     ed25519.PrivateKey
	now     time.Time
	cut     *Cut
	dropped Dropped
}

// step drops some hours and reports whether there are more.
func (r *run) step(ctx context.Context, before store.Hour) (more bool, err error) {
	first, ok, err := r.first(ctx, before)
	if err != nil {
		return false, err
	}
	to := before
	var rows []store.Row
	if ok {
		to = min(to, first+stepHours, next(first))
		if rows, err = r.count(ctx, MonthOf(first), to); err != nil {
			return false, err
		}
	}
	r.cut.Hour, r.cut.Dropping = max(r.cut.Hour, to), to
	if err := r.cutCalls(ctx, to); err != nil {
		return false, err
	}
	row, err := r.cut.row()
	if err != nil {
		return false, err
	}
	if err := r.store.Put(ctx, append(rows, row)); err != nil {
		return false, fmt.Errorf("counting what is to be dropped: %w", err)
	}
	r.cut.version++
	return to < before, r.drop(ctx)
}

// first returns the first hour that has records, if it comes before another.
func (r *run) first(ctx context.Context, before store.Hour) (first store.Hour, ok bool, err error) {
	for _, kind := range store.UsageKinds {
		for f, err := range r.store.Scan(ctx, store.Range{Kind: kind, ToHour: before}) {
			if err != nil {
				return 0, false, fmt.Errorf("looking for old records: %w", err)
			}
			if !ok || f.Key.Hour < first {
				first, ok = f.Key.Hour, true
			}
			break
		}
	}
	return first, ok, nil
}

// count adds the records of a month's hours before one to the month's sums.
func (r *run) count(ctx context.Context, month Month, to store.Hour) ([]store.Row, error) {
	sums, err := readSums(ctx, r.store, month)
	if err != nil {
		return nil, err
	}
	for _, kind := range store.UsageKinds {
		for f, err := range r.store.Scan(ctx, store.Range{Kind: kind, ToHour: to}) {
			if err != nil {
				return nil, fmt.Errorf("counting old records: %w", err)
			}
			sums.add(&f)
			r.dropped.Records++
		}
	}
	r.cut.Months[string(month)] = sums.digest()
	return sums.rows()
}

// cutCalls moves the cut behind all calls that came before an hour and tell of no
// later one, in one piece from the last cut on.
func (r *run) cutCalls(ctx context.Context, to store.Hour) error {
	newest, err := r.store.Heads(ctx)
	if err != nil {
		return fmt.Errorf("reading heads: %w", err)
	}
	for _, head := range newest {
		if err := r.cutShard(ctx, to, head); err != nil {
			return fmt.Errorf("looking for old calls: %w", err)
		}
	}
	c := checkpoint.Checkpoint{Time: r.now.UTC().Truncate(time.Second)}
	for _, shard := range slices.Sorted(maps.Keys(r.cut.heads)) {
		c.Heads = append(c.Heads, r.cut.heads[shard])
	}
	r.cut.Checkpoint = string(checkpoint.Sign(c, r.key))
	return nil
}

// cutShard never reaches the newest call: a store keeps it, and so does the cut.
func (r *run) cutShard(ctx context.Context, to store.Hour, newest store.Head) error {
	shard := newest.Call.Shard()
	for call, err := range r.store.ScanCalls(ctx, r.cut.Head(shard).Call) {
		if err != nil {
			return err
		}
		if call.ID >= newest.Call || call.At >= int64(to)*hourMillis || tellsFrom(&call, to) {
			return nil
		}
		r.cut.heads[shard] = store.Head{Call: call.ID, Hash: call.Hash}
		for i, outcome := range call.Outcomes {
			if kind := call.Facts[i].Key.Kind; outcome == store.Created && !kind.IsUsage() {
				r.cut.Created[string(rune(kind))]++
			}
		}
		r.dropped.Calls++
	}
	return nil
}

// tellsFrom reports whether a call tells usage of an hour or a later one.
func tellsFrom(call *store.Call, hour store.Hour) bool {
	return slices.ContainsFunc(call.Facts, func(f store.Fact) bool { return f.Key.Kind.IsUsage() && f.Key.Hour >= hour })
}

// drop drops what is counted, if there is something.
func (r *run) drop(ctx context.Context) error {
	if r.cut.Dropping == 0 {
		return nil
	}
	err := r.store.DropBefore(ctx, r.cut.Dropping)
	for _, head := range r.cut.heads {
		err = errors.Join(err, r.store.DropCalls(ctx, head.Call))
	}
	if err != nil {
		return fmt.Errorf("dropping what is old: %w", err)
	}
	r.cut.Dropping = 0
	row, err := r.cut.row()
	if err != nil {
		return err
	}
	if err := r.store.Put(ctx, []store.Row{row}); err != nil {
		return fmt.Errorf("marking as dropped: %w", err)
	}
	r.cut.version++
	return nil
}
