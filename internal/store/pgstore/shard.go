package pgstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// tenure is the right to append to a shard's chain. It ends when the shard's row
// gets another epoch, whoever gives it.
type tenure struct {
	shard uint16
	epoch int64
}

// tail is the end of this replica's chain. Who appends holds mu until the
// database has answered, so calls get their numbers in the order in which they
// are committed. Nothing that waits for another transaction may happen under it.
type tail struct {
	mu sync.Mutex
	// known is false while another look at the database is needed: at first,
	// after a commit whose outcome is unknown, when the tenure has ended.
	known bool
	tenure
	// seq and hash are those of the last call.
	seq  uint64
	hash audit.Hash
	// batch is the last batch that was begun. Numbers of batches may have gaps.
	batch int64
}

// newOwner names this process in the shards' table.
func newOwner() []byte {
	owner := make([]byte, 16)
	rand.Read(owner)
	return owner
}

var errNoShard = errors.New("no shard is free")

// beginBatch gives a group its tenure and its batch's id.
func (s *Store) beginBatch(ctx context.Context) (tenure, int64, error) {
	t := &s.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		if err := s.settle(ctx); err != nil {
			return tenure{}, 0, fmt.Errorf("taking a shard: %w", err)
		}
	}
	t.batch++
	return t.tenure, batchID(t.shard, t.batch), nil
}

// settle finds out where the chain ends. It begins a new tenure, so that nothing
// of the one before can be committed any more: neither by a connection that was
// lost and is still at work in the server, nor by a process that was thought
// dead. tail.mu must be held.
func (s *Store) settle(ctx context.Context) error {
	t := &s.tail
	held, err := s.renew(ctx)
	if err == nil && !held {
		err = s.take(ctx)
	}
	if err != nil {
		return err
	}
	if err := s.readEnd(ctx); err != nil {
		return err
	}
	t.known = true
	return nil
}

// renew begins a new tenure of the shard that this process holds, if it does.
// It waits for a commit that is under way.
func (s *Store) renew(ctx context.Context) (held bool, err error) {
	var shard int32
	err = s.readers.QueryRow(ctx, `
		UPDATE meterd.shards SET epoch = epoch + 1, expires = now() + $2::interval
		WHERE owner = $1 RETURNING id, epoch`,
		s.owner, s.leaseText()).Scan(&shard, &s.tail.epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		s.leaveReadOnly(err)
		return false, beforeCommit(err)
	}
	s.tail.shard = uint16(shard)
	return true, nil
}

// take takes the first shard whose owner is gone, or else makes one. Where two
// replicas want the same, the database lets one of them have it, and the other
// tries again.
func (s *Store) take(ctx context.Context) error {
	taken, err := s.readers.Exec(ctx, `
		UPDATE meterd.shards SET owner = $1, epoch = epoch + 1, expires = now() + $2::interval
		WHERE expires <= now() AND id = (SELECT min(id) FROM meterd.shards WHERE expires <= now())`,
		s.owner, s.leaseText())
	if err == nil && taken.RowsAffected() == 0 {
		_, err = s.readers.Exec(ctx, `
			INSERT INTO meterd.shards (id, owner, epoch, expires)
			SELECT coalesce(max(id), -1) + 1, $1, 0, now() + $2::interval FROM meterd.shards
			HAVING coalesce(max(id), -1) < $3
			ON CONFLICT DO NOTHING`,
			s.owner, s.leaseText(), shardMax)
	}
	if err != nil {
		return beforeCommit(err)
	}
	held, err := s.renew(ctx)
	if err == nil && !held {
		err = again{errNoShard}
	}
	if err == nil {
		s.log.Info("took a shard", "shard", s.tail.shard)
	}
	return err
}

// readEnd reads the last call and the last batch of the shard.
func (s *Store) readEnd(ctx context.Context) error {
	t := &s.tail
	t.seq, t.hash = 0, audit.Genesis
	heads, err := s.heads(ctx, int32(t.shard), int32(t.shard))
	if err != nil {
		return beforeCommit(err)
	}
	for _, head := range heads {
		t.seq, t.hash = head.Call.Seq(), head.Hash
	}
	err = s.readers.QueryRow(ctx, "SELECT coalesce(max(id), $1) FROM meterd.batches WHERE id >= $1 AND id < $2",
		batchID(t.shard, 0), batchID(t.shard+1, 0)).Scan(&t.batch)
	t.batch -= batchID(t.shard, 0)
	if err != nil {
		return beforeCommit(fmt.Errorf("reading the last batch: %w", err))
	}
	return nil
}

// Heads implements store.Store.
func (s *Store) Heads(ctx context.Context) ([]store.Head, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	ctx, cancel := bounded(ctx, replyTime)
	defer cancel()
	heads, err := s.heads(ctx, 0, shardMax)
	return heads, lateness(ctx, err)
}

// heads returns the last calls of the shards from one to another.
func (s *Store) heads(ctx context.Context, from, to int32) (heads []store.Head, err error) {
	rows, err := s.readers.Query(ctx, `
		SELECT c.id, c.hash FROM meterd.shards s CROSS JOIN LATERAL (
			SELECT id, hash FROM meterd.calls
			WHERE id > (s.id::int8 << 48) AND id < ((s.id + 1)::int8 << 48)
			ORDER BY id DESC LIMIT 1
		) c WHERE s.id BETWEEN $1 AND $2 ORDER BY s.id`, from, to)
	if err == nil {
		var id int64
		var hash []byte
		_, err = pgx.ForEachRow(rows, []any{&id, &hash}, func() error {
			head, err := parseHead(id, hash)
			heads = append(heads, head)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading the newest calls: %w", err)
	}
	return heads, nil
}

func parseHead(id int64, hash []byte) (store.Head, error) {
	head := store.Head{Call: store.CallID(id)}
	if len(hash) != len(head.Hash) {
		return head, fmt.Errorf("hash of %d bytes of call %d: %w", len(hash), id, errDamaged)
	}
	copy(head.Hash[:], hash)
	return head, nil
}

// leaseText is the time of a lease as the database reads it.
func (s *Store) leaseText() string {
	return strconv.FormatInt(s.cfg.Lease.Milliseconds(), 10) + "ms"
}

// extend keeps the shard for another lease. Usually nobody waits until that is
// safe, because a lease that is lost is only taken over sooner; durable makes it
// a proof that the database takes commits. That the shard is gone is found out
// by the next commit; here it is only told.
func (s *Store) extend(ctx context.Context, durable bool) error {
	t := &s.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		return s.settle(ctx)
	}
	held := true
	err := s.transact(ctx, func(tx pgx.Tx) error {
		if !durable {
			if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = off"); err != nil {
				return err
			}
		}
		kept, err := tx.Exec(ctx, "UPDATE meterd.shards SET expires = now() + $3::interval WHERE id = $1 AND owner = $2",
			int32(t.shard), s.owner, s.leaseText())
		held = kept.RowsAffected() > 0
		return err
	})
	if err == nil && !held {
		s.lostShard()
		return s.settle(ctx)
	}
	return err
}

// lostShard: another replica holds the shard, which it may if this one was not
// heard of for the time of a lease. Its calls that were committed stay, and new
// ones go to another shard. tail.mu must be held.
func (s *Store) lostShard() {
	s.tail.known = false
	s.log.Warn("another replica has taken over the shard of this one, which was not heard of for too long",
		"shard", s.tail.shard, "lease", s.cfg.Lease)
}

// release lets the next replica have the shard at once. If it cannot be done, the
// lease ends by itself.
func (s *Store) release() {
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	_, err := s.readers.Exec(ctx, "UPDATE meterd.shards SET expires = now() WHERE owner = $1", s.owner)
	if err != nil {
		s.log.Warn("the shard could not be given back; it is free when its lease ends", "error", err)
	}
}
