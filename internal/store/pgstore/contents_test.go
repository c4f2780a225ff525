package pgstore

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// testNow is when the requests of tests are received: 2026-11-22T00:55:00Z.
const testNow = int64(1_795_308_900_000)

// testFact is a fact about the n-th buyer, that ends at no time.
func testFact(n int) store.Fact {
	return store.Fact{
		Key: store.Key{
			Kind: store.UsageByLicense, Hour: store.Hour(testNow / 3_600_000),
			Scope: 1, Subject: 2, Party: store.NameID(n), Dimension: 3,
		},
		Quantity:  int64(n),
		Timestamp: testNow,
	}
}

// token is a guard, with an end.
func token(n byte, until int64, digest string) store.Fact {
	return store.Fact{
		Key:    store.Key{Kind: store.ClientToken, Scope: 1, Tail: [16]byte{n, 15: n}},
		Detail: []byte(digest),
		Until:  until,
	}
}

func request(facts ...store.Fact) *store.Request {
	return &store.Request{At: testNow, Facts: facts, Call: fmt.Appendf(nil, "a call with %d facts", len(facts))}
}

func commit(t testing.TB, s *Store, r *store.Request) {
	t.Helper()
	if err := s.Commit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func outcomes(r *store.Request) (list []store.Outcome) {
	for _, d := range r.Decisions {
		list = append(list, d.Outcome)
	}
	return list
}

// commitAtLast commits as soon as a store that was in trouble takes it.
func commitAtLast(t *testing.T, s *Store, r *store.Request) {
	t.Helper()
	eventually(t, "the store goes on", func() bool { return s.Commit(t.Context(), r) == nil })
	eventually(t, "and says so", func() bool { return s.Stats().Stopped == nil })
}

// tellsAtLast is tells after a trouble.
func tellsAtLast(t *testing.T, s *Store, r *store.Request, want ...store.Outcome) {
	t.Helper()
	commitAtLast(t, s, r)
	if got := outcomes(r); !slices.Equal(got, want) {
		t.Fatalf("outcomes %v, want %v", got, want)
	}
}

// tells commits a request and compares its outcomes.
func tells(t testing.TB, s *Store, r *store.Request, want ...store.Outcome) {
	t.Helper()
	commit(t, s, r)
	if got := outcomes(r); !slices.Equal(got, want) {
		t.Fatalf("outcomes %v, want %v", got, want)
	}
}

// contents are what a store holds.
type contents struct {
	facts map[store.Key]store.Fact
	calls map[store.CallID]store.Call
	// shards are how many calls each shard has.
	shards map[uint16]uint64
}

// read reads everything, and checks what must hold in every ledger.
func read(t testing.TB, s *Store) *contents {
	t.Helper()
	l := &contents{map[store.Key]store.Fact{}, map[store.CallID]store.Call{}, map[uint16]uint64{}}
	ctx := context.Background()
	for kind := store.Kind('A'); kind <= 'Z'; kind++ {
		for f, err := range s.Scan(ctx, store.Range{Kind: kind, ToHour: ^store.Hour(0)}) {
			if err != nil {
				t.Fatal(err)
			}
			l.facts[f.Key] = f
		}
	}
	l.readCalls(t, s)
	for _, f := range l.facts {
		if err := l.checkFact(f); err != nil {
			t.Errorf("fact %+v: %v", f.Key, err)
		}
	}
	return l
}

// readCalls checks the chains: ids without gaps, links whole, heads at the end.
func (l *contents) readCalls(t testing.TB, s *Store) {
	t.Helper()
	ends := map[uint16]store.Head{}
	for c, err := range s.ScanCalls(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		end, ok := ends[c.ID.Shard()]
		if !ok {
			end = store.Head{Call: store.NewCallID(c.ID.Shard(), 0), Hash: audit.Genesis}
		}
		if c.ID != end.Call+1 || c.Hash != c.Link(end.Hash) {
			t.Fatalf("call %d of shard %d does not follow call %d", c.ID.Seq(), c.ID.Shard(), end.Call.Seq())
		}
		ends[c.ID.Shard()] = store.Head{Call: c.ID, Hash: c.Hash}
		l.calls[c.ID] = c
		l.shards[c.ID.Shard()]++
	}
	heads, err := s.Heads(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, head := range heads {
		if ends[head.Call.Shard()] != head {
			t.Errorf("head %+v, but the last call is %+v", head, ends[head.Call.Shard()])
		}
	}
	if len(heads) != len(ends) {
		t.Errorf("%d heads of %d chains", len(heads), len(ends))
	}
}

// checkFact looks for the call that told a fact, and created it.
func (l *contents) checkFact(f store.Fact) error {
	c, ok := l.calls[f.Call]
	if !ok {
		return fmt.Errorf("there is no call %d of shard %d", f.Call.Seq(), f.Call.Shard())
	}
	for i, told := range c.Facts {
		if told.Key != f.Key {
			continue
		}
		detail := told.Detail
		told.Detail = f.Detail
		if c.Outcomes[i] == store.Created && bytes.Equal(detail, f.Detail) && reflect.DeepEqual(told, f) {
			return nil
		}
	}
	return fmt.Errorf("call %d of shard %d did not create it", f.Call.Seq(), f.Call.Shard())
}

// checkAnswer compares what a caller was told with what stands, for facts without
// end.
func (l *contents) checkAnswer(r *store.Request) error {
	c, ok := l.calls[r.CallID]
	if !ok || string(c.Entry) != string(r.Call) || !slices.Equal(c.Outcomes, outcomes(r)) {
		return fmt.Errorf("call %d of shard %d became %+v, and was answered with %v", r.CallID.Seq(), r.CallID.Shard(), c, outcomes(r))
	}
	for i, told := range r.Facts {
		d, stands := r.Decisions[i], l.facts[told.Key]
		if d.Outcome == store.Skipped {
			continue
		}
		same := stands.Quantity == told.Quantity && string(stands.Detail) == string(told.Detail)
		ok := d.Call == stands.Call && d.Quantity == stands.Quantity
		switch d.Outcome {
		case store.Created:
			ok = ok && same && stands.Call == r.CallID
		case store.Same:
			ok = ok && same
		case store.Conflict:
			ok = ok && !same
		}
		if !ok {
			return fmt.Errorf("fact %+v was decided %+v, and %+v stands", told, d, stands)
		}
	}
	return nil
}
