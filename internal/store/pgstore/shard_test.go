package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// shardOf commits something and returns the shard in which it was numbered.
func shardOf(t testing.TB, s *Store) uint16 {
	t.Helper()
	r := request()
	commit(t, s, r)
	return r.CallID.Shard()
}

func TestEveryReplicaHasAShard(t *testing.T) {
	url := pgtest.Database(t)
	stores := make([]*Store, 6)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() {
			s, err := Open(context.Background(), url, Config{})
			if err != nil {
				t.Errorf("opening at the same time: %v", err)
				return
			}
			stores[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	used := map[uint16]bool{}
	for _, s := range stores {
		used[shardOf(t, s)] = true
	}
	for shard := range uint16(len(stores)) {
		if !used[shard] {
			t.Errorf("%d replicas use the shards %v", len(stores), used)
		}
	}
	// Who goes leaves the shard to the next, and the chain goes on.
	gone := shardOf(t, stores[2])
	if err := stores[2].Close(); err != nil {
		t.Fatal(err)
	}
	stores[2] = mustOpen(t, url, Config{})
	if got := shardOf(t, stores[2]); got != gone {
		t.Errorf("the shard %d was left, and the next replica took %d", gone, got)
	}
	read(t, stores[0])
	for _, s := range stores {
		s.Close()
	}
}

// die lets a store be as a process that was killed: it neither renews its lease
// nor gives it back.
func die(s *Store) {
	s.stop()
	<-s.tended
}

func TestShardOfTheDeadIsFreeAfterItsLease(t *testing.T) {
	url := pgtest.Database(t)
	dead := mustOpen(t, url, Config{Lease: time.Hour})
	defer dead.disconnect()
	shardOf(t, dead)
	die(dead)
	if n := count(t, url, "SELECT count(*) FROM meterd.shards WHERE expires > now() AND expires <= now() + interval '1 hour'"); n != 1 {
		t.Error("the lease does not end an hour after it was taken")
	}
	if got := shardOf(t, mustOpen(t, url, Config{})); got != 1 {
		t.Errorf("a replica took shard %d before its lease had ended", got)
	}
	execSQL(t, url, "UPDATE meterd.shards SET expires = now() WHERE id = 0")
	next := mustOpen(t, url, Config{})
	r := request(testFact(1))
	tells(t, next, r, store.Created)
	if r.CallID != store.NewCallID(0, 2) {
		t.Errorf("the next replica's first call is %d of shard %d, want 2 of shard 0", r.CallID.Seq(), r.CallID.Shard())
	}
	read(t, next)
}

// TestShardsOfTheDeadGoToOneEach: replicas that start at the same time want the
// same shards.
func TestShardsOfTheDeadGoToOneEach(t *testing.T) {
	url := pgtest.Database(t)
	stores := make([]*Store, 3)
	for i := range stores {
		stores[i] = mustOpen(t, url, Config{})
	}
	for range 5 {
		for _, s := range stores {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for i := range stores {
			wg.Go(func() { stores[i] = mustOpen(t, url, Config{}) })
		}
		wg.Wait()
		used := map[uint16]bool{}
		for _, s := range stores {
			used[s.tail.shard] = true
		}
		if len(used) != len(stores) {
			t.Fatalf("%d replicas hold %d shards", len(stores), len(used))
		}
	}
}

// TestLeaseIsRenewed: a replica that lives keeps its shard without a single call.
func TestLeaseIsRenewed(t *testing.T) {
	url := pgtest.Database(t)
	mustOpen(t, url, Config{Lease: time.Second})
	conn := dial(t, url)
	expires := func() (at time.Time) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT expires FROM meterd.shards").Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	first := expires()
	eventually(t, "the lease is renewed", func() bool { return expires().After(first) })
	if epoch := count(t, url, "SELECT epoch FROM meterd.shards"); epoch != 1 {
		t.Errorf("the replica that renews its lease is at tenure %d", epoch)
	}
}

// TestFencedReplica: a replica that was thought dead commits nothing more in its
// shard, and goes on in another.
func TestFencedReplica(t *testing.T) {
	url := pgtest.Database(t)
	stale := mustOpen(t, url, Config{})
	tells(t, stale, request(testFact(1)), store.Created)
	execSQL(t, url, "UPDATE meterd.shards SET expires = now()")
	next := mustOpen(t, url, Config{})
	tells(t, next, request(testFact(1), testFact(2)), store.Same, store.Created)

	r := request(testFact(2), testFact(3))
	tells(t, stale, r, store.Same, store.Created)
	if got := r.CallID.Shard(); got != 1 {
		t.Errorf("a replica that has lost shard 0 numbers its calls in shard %d", got)
	}
	if l := read(t, stale); l.shards[0] != 2 || l.shards[1] != 1 {
		t.Errorf("calls of shards %v, want 2 in the first and 1 in the second", l.shards)
	}
}

// TestFencedInCommit lets the shard pass to another while a commit is about to
// append: it had its facts inserted, and nothing of it may stay.
func TestFencedInCommit(t *testing.T) {
	url := pgtest.Database(t)
	s := mustOpen(t, url, Config{Lease: time.Hour}) // no renewal is in between
	conn := dial(t, url)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "UPDATE meterd.shards SET owner = 'another', epoch = epoch + 1"); err != nil {
		t.Fatal(err)
	}
	r := request(testFact(1))
	answer := make(chan error)
	go func() { answer <- s.Commit(context.Background(), r) }()
	eventually(t, "the commit waits for the shard", func() bool {
		return count(t, url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%meterd.calls%'") == 1
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil || r.Decisions[0].Outcome != store.Created || r.CallID != store.NewCallID(1, 1) {
		t.Errorf("a commit whose shard passed to another: %v, call %d of shard %d, %v",
			err, r.CallID.Seq(), r.CallID.Shard(), r.Decisions)
	}
	read(t, s)
}

// TestChainHasNoGap: if the last call is not there any more, as after a fail-over
// to a server that had not got it, the next one does not leave a hole.
func TestChainHasNoGap(t *testing.T) {
	url := pgtest.Database(t)
	s := mustOpen(t, url, Config{})
	tells(t, s, request(testFact(1)), store.Created)
	tells(t, s, request(testFact(2)), store.Created)
	execSQL(t, url, "DELETE FROM meterd.facts f USING meterd.batches b WHERE b.id = f.place >> 8 AND b.first_call = 2")
	execSQL(t, url, "DELETE FROM meterd.calls WHERE id = 2")
	r := request(testFact(2))
	tells(t, s, r, store.Created)
	if r.CallID != 2 {
		t.Errorf("behind call 1 comes call %d", r.CallID)
	}
	read(t, s)
}

func TestShardsHaveABound(t *testing.T) {
	url := pgtest.Database(t)
	last := mustOpen(t, url, Config{})
	execSQL(t, url, fmt.Sprintf("UPDATE meterd.shards SET id = %d", shardMax))
	execSQL(t, url, "UPDATE meterd.shards SET epoch = epoch + 1")
	r := request(testFact(1))
	tells(t, last, r, store.Created)
	if r.CallID.Shard() != shardMax {
		t.Errorf("a call of shard %d, want the last", r.CallID.Shard())
	}
	if heads, err := last.Heads(t.Context()); err != nil || len(heads) != 1 || heads[0].Call != r.CallID {
		t.Errorf("heads %+v, %v", heads, err)
	}
	read(t, last)

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if s, err := Open(ctx, url, Config{}); !errors.Is(err, errNoShard) {
		t.Errorf("opening one more: %v, %v", s, err)
	}
}

// dial connects a test to a database.
func dial(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func execSQL(t testing.TB, url, sql string) {
	t.Helper()
	if _, err := dial(t, url).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
