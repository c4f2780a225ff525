package pgstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

const (
	// replicas write to one database in the tests of this file, each with
	// replicaWriters at a time, which commit replicaRequests each.
	replicas        = 3
	replicaWriters  = 8
	replicaRequests = 15
)

// openReplicas opens stores over one database.
func openReplicas(t *testing.T) (stores []*Store) {
	t.Helper()
	url := pgtest.Database(t)
	for range replicas {
		s := mustOpen(t, url, Config{})
		stores = append(stores, s)
	}
	return stores
}

// race has all replicas commit what tell makes for each of their writers, checks
// the ledger and every answer, and counts the outcomes.
func race(t *testing.T, stores []*Store, tell func(writer, i int) *store.Request) (*contents, map[store.Outcome]int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var done []*store.Request
	for w := range replicaWriters * len(stores) {
		wg.Go(func() {
			for i := range replicaRequests {
				r := tell(w, i)
				if err := stores[w%len(stores)].Commit(t.Context(), r); err != nil {
					t.Errorf("committing: %v", err)
					return
				}
				mu.Lock()
				done = append(done, r)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	// Locks are taken in one order, so nobody ever waits in a circle.
	if strings.Contains(pgtest.Shared(t).Log(), "deadlock detected") {
		t.Error("replicas met in a deadlock")
	}
	l := read(t, stores[0])
	if len(l.calls) != len(done) || len(l.shards) != len(stores) {
		t.Errorf("%d calls in %d shards, want %d in %d", len(l.calls), len(l.shards), len(done), len(stores))
	}
	count := map[store.Outcome]int{}
	for _, r := range done {
		if err := l.checkAnswer(r); err != nil {
			t.Error(err)
		}
		for _, o := range outcomes(r) {
			count[o]++
		}
	}
	return l, count
}

// The numbers of what race commits.
const (
	raceWritersAll = replicas * replicaWriters
	raceRequests   = raceWritersAll * replicaRequests
)

func TestReplicasTellTheSame(t *testing.T) {
	_, count := race(t, openReplicas(t), func(_, i int) *store.Request {
		return request(testFact(3*i), testFact(3*i+1), testFact(3*i+2))
	})
	if count[store.Created] != 3*replicaRequests || count[store.Same] != 3*(raceRequests-replicaRequests) {
		t.Errorf("outcomes %v: each fact is created once", count)
	}
}

func TestReplicasContradictEachOther(t *testing.T) {
	_, count := race(t, openReplicas(t), func(w, i int) *store.Request {
		f, g := testFact(2*i), testFact(2*i+1)
		f.Quantity, g.Detail = int64(w), fmt.Append(nil, w)
		// Half of them tell the two in the other order.
		if w%2 == 0 {
			f, g = g, f
		}
		return request(f, g)
	})
	if count[store.Created] != 2*replicaRequests || count[store.Conflict] != 2*(raceRequests-replicaRequests) {
		t.Errorf("outcomes %v: each fact has one winner", count)
	}
}

func TestReplicasTellOfOthers(t *testing.T) {
	_, count := race(t, openReplicas(t), func(w, i int) *store.Request {
		n := 2 * (w*replicaRequests + i)
		return request(testFact(n), testFact(n+1))
	})
	if count[store.Created] != 2*raceRequests || len(count) != 1 {
		t.Errorf("outcomes %v: nothing meets", count)
	}
}

// TestReplicasOverlap mixes all: many facts, few buyers, guards that meet.
func TestReplicasOverlap(t *testing.T) {
	const buyers, tokens = 60, 30
	l, _ := race(t, openReplicas(t), func(w, i int) *store.Request {
		rng := rand.New(rand.NewPCG(uint64(w), uint64(i)))
		r := request()
		if r.Guarded = rng.IntN(2) == 0; r.Guarded {
			r.Facts = append(r.Facts, token(byte(rng.IntN(tokens)), 0, fmt.Sprint(rng.IntN(2))))
		}
		for range 1 + rng.IntN(12) {
			f := testFact(rng.IntN(buyers))
			f.Quantity = rng.Int64N(2)
			r.Facts = append(r.Facts, f)
		}
		return r
	})
	for _, c := range l.calls {
		guardFails := c.Guarded && c.Outcomes[0] == store.Conflict
		for i, o := range c.Outcomes {
			if (o == store.Skipped) != (guardFails && i > 0) {
				t.Errorf("outcomes %v of call %d, guarded %t", c.Outcomes, c.ID, c.Guarded)
			}
		}
	}
}

// TestReplicasTellAnew: a fact that has ended is told anew by one of all, and
// only that is then repeated or contradicted.
func TestReplicasTellAnew(t *testing.T) {
	stores := openReplicas(t)
	const tokens, ends = 5, 4
	for end := range int64(ends) {
		_, count := raceAt(t, stores, testNow+1000*end, func(w, i int) *store.Request {
			return request(token(byte(i%tokens), testNow+1000*(end+1), fmt.Sprint(w)))
		})
		if count[store.Created] != tokens {
			t.Errorf("round %d: outcomes %v, want each of %d tokens created once", end, count, tokens)
		}
	}
}

// raceAt is race at another time, for facts with an end.
func raceAt(t *testing.T, stores []*Store, at int64, tell func(writer, i int) *store.Request) (winners map[store.Key]store.CallID, count map[store.Outcome]int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	winners, count = map[store.Key]store.CallID{}, map[store.Outcome]int{}
	for w := range replicaWriters * len(stores) {
		wg.Go(func() {
			for i := range replicaRequests {
				r := tell(w, i)
				r.At = at
				if err := stores[w%len(stores)].Commit(t.Context(), r); err != nil {
					t.Errorf("committing: %v", err)
					return
				}
				mu.Lock()
				count[r.Decisions[0].Outcome]++
				if known := winners[r.Facts[0].Key]; known != 0 && known != r.Decisions[0].Call {
					t.Errorf("%+v was told by call %d and by call %d", r.Facts[0].Key, known, r.Decisions[0].Call)
				}
				winners[r.Facts[0].Key] = r.Decisions[0].Call
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for key, f := range read(t, stores[0]).facts {
		if winners[key] != f.Call {
			t.Errorf("%+v: all were told of call %d, and that of %d stands", key, winners[key], f.Call)
		}
	}
	return winners, count
}

func TestReplicasName(t *testing.T) {
	stores := openReplicas(t)
	const names = 40
	ids := make([][names]store.NameID, len(stores)*4)
	var wg sync.WaitGroup
	for w := range ids {
		wg.Go(func() {
			for i := range names {
				// Everybody begins with another.
				n := (i + w) % names
				if err := stores[w%len(stores)].Intern(t.Context(), []string{fmt.Sprint("name ", n)}, ids[w][n:n+1]); err != nil {
					t.Errorf("interning: %v", err)
				}
			}
		})
	}
	wg.Wait()
	used := map[store.NameID]bool{}
	for n, id := range ids[0] {
		// Ids without gaps let a ledger be moved to another store.
		if used[id] = true; id == 0 || id > names {
			t.Errorf("name %d has the id %d", n, id)
		}
		for w := range ids {
			if ids[w][n] != id {
				t.Errorf("name %d has the ids %d and %d", n, id, ids[w][n])
			}
		}
	}
	if len(used) != names {
		t.Errorf("%d ids for %d names", len(used), names)
	}
	// A replica that did not make the name knows it as well.
	for _, s := range stores {
		if name, ok, err := s.Name(t.Context(), ids[0][7]); err != nil || !ok || name != "name 7" {
			t.Errorf("name %d is %q (%t, %v)", ids[0][7], name, ok, err)
		}
	}
}

func TestReplicasPut(t *testing.T) {
	stores := openReplicas(t)
	var wg sync.WaitGroup
	won := make([]int, len(stores))
	const rounds = 10
	for w, s := range stores {
		wg.Go(func() {
			for version := range uint64(rounds) {
				row := store.Row{Table: "t", Key: "k", Value: fmt.Append(nil, w), Version: version}
				other := store.Row{Table: "t", Key: fmt.Sprint(version), Value: fmt.Append(nil, w)}
				if s.Put(t.Context(), []store.Row{other, row}) == nil {
					won[w]++
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range won {
		sum += n
	}
	rows := map[string]store.Row{}
	for row, err := range stores[0].Rows(t.Context(), "t") {
		if err != nil {
			t.Fatal(err)
		}
		rows[row.Key] = row
	}
	if got := rows["k"].Version; sum == 0 || got != uint64(sum) || len(rows) != 1+sum {
		t.Errorf("%d puts won, and the row has version %d beside %d others", sum, got, len(rows)-1)
	}
}

// TestTableVersionTellsOfOthers: every replica sees that one of them has put
// something.
func TestTableVersionTellsOfOthers(t *testing.T) {
	stores := openReplicas(t)
	seen := map[uint64]bool{}
	for i, version := range []uint64{0, 1, 0} {
		key := fmt.Sprint(i - int(version))
		if err := stores[i].Put(t.Context(), []store.Row{{Table: "t", Key: key, Version: version}}); err != nil {
			t.Fatal(err)
		}
		for _, s := range stores {
			got, err := s.TableVersion(t.Context(), "t")
			if seen[got] = true; err != nil || len(seen) != i+1 {
				t.Errorf("after %d puts the version is %d, and those so far are %v; %v", i+1, got, seen, err)
			}
		}
	}
	if other, err := stores[0].TableVersion(t.Context(), "other"); other != 0 || err != nil {
		t.Errorf("another table has version %d, %v", other, err)
	}
}

// TestTableVersionTellsOfAReset: also where the same rows are put again.
func TestTableVersionTellsOfAReset(t *testing.T) {
	stores := openReplicas(t)
	commit(t, stores[0], request(testFact(1)))
	var versions [2]uint64
	for i := range versions {
		if err := stores[0].Put(t.Context(), []store.Row{{Table: "t", Key: "k"}}); err != nil {
			t.Fatal(err)
		}
		var err error
		if versions[i], err = stores[1].TableVersion(t.Context(), "t"); err != nil {
			t.Fatal(err)
		}
		if err := stores[0].Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if versions[0] == versions[1] {
		t.Errorf("the version is %d before and after", versions[0])
	}
}

// TestResetIsForAll: no replica goes on over what was forgotten.
func TestResetIsForAll(t *testing.T) {
	stores := openReplicas(t)
	for _, s := range stores {
		commit(t, s, request(testFact(1), testFact(2)))
	}
	if err := stores[0].Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, s := range stores {
		r := request(testFact(1))
		want := store.Same
		if i == 0 {
			want = store.Created
		}
		tells(t, s, r, want)
		if r.CallID.Seq() != 1 {
			t.Errorf("the first call of replica %d after a reset is number %d", i, r.CallID.Seq())
		}
	}
	if l := read(t, stores[1]); len(l.calls) != len(stores) || len(l.facts) != 1 {
		t.Errorf("%d calls and %d facts after a reset and %d calls", len(l.calls), len(l.facts), len(stores))
	}
}

// TestResetInCommit: a replica that has decided over facts which are forgotten
// before it commits decides anew.
func TestResetInCommit(t *testing.T) {
	url := pgtest.Database(t)
	resetter, late := mustOpen(t, url, Config{Lease: time.Hour}), mustOpen(t, url, Config{Lease: time.Hour})
	commit(t, resetter, request(testFact(1)))
	release := lockTable(t, url, "meterd.calls")
	const blocked = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%meterd.calls%'`
	r := request(testFact(1))
	answers := make(chan error, 2)
	go func() { answers <- late.Commit(context.Background(), r) }()
	eventually(t, "the commit waits to append its call", func() bool { return count(t, url, blocked) == 1 })
	go func() { answers <- resetter.Reset(context.Background()) }()
	eventually(t, "the reset waits to forget calls", func() bool { return count(t, url, blocked) == 2 })
	release()
	for range 2 {
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
	if r.Decisions[0].Outcome != store.Created {
		t.Errorf("a fact that was forgotten is told again: %v", r.Decisions)
	}
	read(t, late)
}
