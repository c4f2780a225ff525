package retention_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/check"
	"github.com/meterd/meterd/internal/retention"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
	"github.com/meterd/meterd/internal/store/pebblestore"
	"github.com/meterd/meterd/internal/store/pgstore"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
	"github.com/meterd/meterd/internal/transfer"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The history begins shortly before the end of a month.
var (
	begin   = time.Date(2025, 9, 29, 20, 0, 0, 0, time.UTC)
	key     = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	signed  = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	hours   = 120
	horizon = hourOf(begin.Add(90 * time.Hour))
)

func hourOf(t time.Time) store.Hour { return store.Hour(t.Unix() / 3600) }

// tell commits a call with an entry that agrees with its facts.
func tell(t testing.TB, s store.Store, r *store.Request) {
	t.Helper()
	e := audit.Entry{Operation: "BatchMeterUsage", Batch: &audit.Batch{}}
	for _, f := range r.Facts {
		if f.Key.Kind.IsUsage() {
			e.Batch.Records = append(e.Batch.Records, audit.Record{Brief: true})
		}
		for _, id := range []store.NameID{f.Key.Scope, f.Key.Subject, f.Key.Party, f.Key.Dimension} {
			if name, ok, err := s.Name(t.Context(), id); err == nil && ok {
				e.Names = append(e.Names, audit.Name{ID: uint32(id), Text: name})
			}
		}
	}
	r.Call = e.Append(nil)
	if err := s.Commit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// fill gives a store a history: records of the hour and of the day before it,
// retries, contradictions, tokens that end, registrations, refusals.
func fill(t testing.TB, s store.Store, perHour int) {
	t.Helper()
	words := make([]string, 10)
	for i := range words {
		words[i] = fmt.Sprint("name", i)
	}
	names := make([]store.NameID, len(words))
	if err := s.Intern(t.Context(), words, names); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 0))
	for n := range hours * perHour {
		at := begin.Add(time.Duration(n) * time.Hour / time.Duration(perHour))
		r := &store.Request{At: at.UnixMilli()}
		for range random.IntN(4) {
			told := at.Add(-time.Duration(random.IntN(24)) * time.Hour)
			r.Facts = append(r.Facts, store.Fact{
				Key: store.Key{
					Kind: store.UsageKinds[random.IntN(3)], Hour: hourOf(told), Scope: names[0],
					Subject: names[1+random.IntN(2)], Party: names[3+random.IntN(4)], Dimension: names[7+random.IntN(3)],
				},
				Quantity: int64(random.IntN(5)), Timestamp: told.UnixMilli(),
			})
		}
		switch n % 7 {
		case 1:
			r.Facts = append(r.Facts, store.Fact{Key: store.Key{Kind: store.ClientToken, Tail: [16]byte{byte(random.IntN(6))}}, Until: at.Add(5 * time.Hour).UnixMilli()})
		case 2:
			r.Facts = append(r.Facts, store.Fact{Key: store.Key{Kind: store.Registration, Party: names[random.IntN(10)]}})
		}
		tell(t, s, r)
	}
}

// flat are the sums of all months: of what was dropped and of what stands.
func flat(t testing.TB, s store.Store) map[retention.Month]map[retention.Of]retention.Sum {
	t.Helper()
	all := map[retention.Month]map[retention.Of]retention.Sum{}
	for month := begin.AddDate(0, -1, 0); month.Before(begin.AddDate(0, 3, 0)); month = month.AddDate(0, 1, 0) {
		of, err := retention.Sums(t.Context(), s, retention.MonthOf(hourOf(month)))
		if err != nil {
			t.Fatal(err)
		}
		all[retention.MonthOf(hourOf(month))] = of
	}
	for _, kind := range store.UsageKinds {
		for f, err := range s.Scan(t.Context(), store.Range{Kind: kind, ToHour: ^store.Hour(0)}) {
			if err != nil {
				t.Fatal(err)
			}
			month := all[retention.MonthOf(f.Key.Hour)]
			month[retention.OfKey(f.Key)] = month[retention.OfKey(f.Key)].Plus(f.Quantity)
		}
	}
	return all
}

// prove checks a store.
func prove(t testing.TB, s store.Store, since ...store.Head) *check.Report {
	t.Helper()
	r, err := check.Ledger(t.Context(), s, check.Options{Since: since})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sound(t testing.TB, s store.Store, since ...store.Head) {
	t.Helper()
	if r := prove(t, s, since...); !r.Sound() {
		t.Fatalf("not sound: %v", r.Problems)
	}
}

func head(t testing.TB, s store.Store) store.Head {
	t.Helper()
	heads, err := s.Heads(t.Context())
	if err != nil || len(heads) != 1 {
		t.Fatalf("heads %v, %v", heads, err)
	}
	return heads[0]
}

// old returns how many records and calls there are of before an hour.
func old(t testing.TB, s store.Store, before store.Hour) (records, calls int) {
	t.Helper()
	for _, kind := range store.UsageKinds {
		for _, err := range s.Scan(t.Context(), store.Range{Kind: kind, ToHour: before}) {
			if err != nil {
				t.Fatal(err)
			}
			records++
		}
	}
	for c, err := range s.ScanCalls(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if c.At < int64(before)*3_600_000 {
			calls++
		}
	}
	return records, calls
}

func TestWhatIsDroppedIsCounted(t *testing.T) {
	s := memstore.New()
	fill(t, s, 5)
	want := flat(t, s)
	newest := head(t, s)
	before := map[int]store.Head{}
	for c := range s.ScanCalls(t.Context(), 0) {
		before[int(c.ID)] = store.Head{Call: c.ID, Hash: c.Hash}
	}
	for _, until := range []store.Hour{1, horizon - 40, horizon, horizon, horizon - 3} {
		if _, err := retention.Run(t.Context(), s, until, key, signed); err != nil {
			t.Fatal(err)
		}
		sound(t, s, newest)
		if diff := cmp.Diff(want, flat(t, s)); diff != "" {
			t.Fatalf("after dropping before hour %d, months come to something else (-want +got):\n%s", until, diff)
		}
		if records, calls := old(t, s, until); records != 0 || calls != 0 {
			t.Errorf("%d records and %d calls of before hour %d are there", records, calls, until)
		}
	}
	if head(t, s) != newest {
		t.Error("the head has moved")
	}
	cut, err := retention.Read(t.Context(), s)
	if err != nil || cut.Hour != horizon || cut.Dropping != 0 || cut.Head(0).Call == 0 || cut.Head(0).Call >= newest.Call {
		t.Errorf("%+v, %v", cut, err)
	}

	// What was kept from before: up to the cut nobody can tell, from it on it
	// is proven.
	_, err = check.Ledger(t.Context(), s, check.Options{Since: []store.Head{before[3]}})
	if err == nil || !strings.Contains(err.Error(), "the head of call 3 cannot be proven any more: retention has dropped the calls up to") {
		t.Errorf("a head from before the cut: %v", err)
	}
	sound(t, s, cut.Head(0), before[int(cut.Head(0).Call)+1])
	wrong := cut.Head(0)
	wrong.Hash[0]++
	if r := prove(t, s, wrong); r.Sound() {
		t.Error("another hash at the cut is sound")
	}
}

// TestTheNewestCallStays: however old all is.
func TestTheNewestCallStays(t *testing.T) {
	s := memstore.New()
	fill(t, s, 2)
	want, newest := flat(t, s), head(t, s)
	for range 2 {
		if _, err := retention.Run(t.Context(), s, horizon+10000, key, signed); err != nil {
			t.Fatal(err)
		}
		sound(t, s, newest)
		if records, calls := old(t, s, horizon+10000); records != 0 || calls != 1 {
			t.Errorf("%d records and %d calls are there", records, calls)
		}
		if diff := cmp.Diff(want, flat(t, s)); diff != "" {
			t.Error(diff)
		}
	}
	tell(t, s, &store.Request{At: signed.UnixMilli()})
	sound(t, s, newest)
}

func TestAnEmptyLedger(t *testing.T) {
	s := memstore.New()
	if dropped, err := retention.Run(t.Context(), s, horizon, key, signed); err != nil || dropped != (retention.Dropped{}) {
		t.Errorf("%+v, %v", dropped, err)
	}
	sound(t, s)
}

// faulty fails one write, which is done or not.
type faulty struct {
	store.Store
	// left counts down to the write that fails.
	left *int
	done bool
}

var errFault = errors.New("the disk is gone")

func (f faulty) fail(write func() error) error {
	if *f.left--; *f.left != 0 {
		return write()
	}
	if f.done {
		return errors.Join(write(), errFault)
	}
	return errFault
}

func (f faulty) Put(ctx context.Context, rows []store.Row) error {
	return f.fail(func() error { return f.Store.Put(ctx, rows) })
}

func (f faulty) DropBefore(ctx context.Context, hour store.Hour) error {
	return f.fail(func() error { return f.Store.DropBefore(ctx, hour) })
}

func (f faulty) DropCalls(ctx context.Context, upTo store.CallID) error {
	return f.fail(func() error { return f.Store.DropCalls(ctx, upTo) })
}

// TestFaultAtEveryWrite breaks a run off at each of its writes. The ledger is
// sound then and comes to the same, and the next run goes on.
func TestFaultAtEveryWrite(t *testing.T) {
	for _, done := range []bool{false, true} {
		for n := 1; ; n++ {
			s := memstore.New()
			fill(t, s, 2)
			want := flat(t, s)
			left := n
			_, err := retention.Run(t.Context(), faulty{s, &left, done}, horizon, key, signed)
			if err == nil {
				if n < 8 {
					t.Errorf("only %d writes; this test saw too little", n)
				}
				break
			}
			if !errors.Is(err, errFault) {
				t.Fatal(err)
			}
			sound(t, s)
			if _, err := retention.Run(t.Context(), s, horizon, key, signed); err != nil {
				t.Fatal(err)
			}
			sound(t, s)
			if diff := cmp.Diff(want, flat(t, s)); diff != "" {
				t.Fatalf("broken off at write %d (done: %v), months come to something else (-want +got):\n%s", n, done, diff)
			}
		}
	}
}

// TestTamperingWithWhatStays: each thing that stands for what was dropped is
// looked at.
func TestTamperingWithWhatStays(t *testing.T) {
	sums := func(s store.Store, change func(*store.Row)) error {
		for row, err := range s.Rows(t.Context(), "sums/2025-10") {
			if err != nil {
				return err
			}
			change(&row)
			return s.Put(t.Context(), []store.Row{row})
		}
		return errors.New("there are no sums")
	}
	for name, tamper := range map[string]func(store.Store) error{
		"a sum": func(s store.Store) error {
			return sums(s, func(r *store.Row) { r.Value = []byte(`{"records":1,"quantity":1000}`) })
		},
		"a sum more": func(s store.Store) error {
			return sums(s, func(r *store.Row) { r.Key, r.Version = "P/9/9/9/9", 0 })
		},
		"a record of a dropped call": func(s store.Store) error {
			return s.Load(t.Context(), nil, []store.Fact{{Key: store.Key{Kind: 'P', Hour: horizon + 1}, Call: 1}})
		},
		"a registration more": func(s store.Store) error {
			return s.Load(t.Context(), nil, []store.Fact{{Key: store.Key{Kind: 'G', Hour: 7}, Call: 1}})
		},
		"a call less": func(s store.Store) error {
			cut, err := retention.Read(t.Context(), s)
			return errors.Join(err, s.DropCalls(t.Context(), cut.Head(0).Call+1))
		},
	} {
		s := memstore.New()
		fill(t, s, 2)
		if _, err := retention.Run(t.Context(), s, horizon, key, signed); err != nil {
			t.Fatal(err)
		}
		sound(t, s)
		if err := tamper(s); err != nil {
			t.Fatal(err)
		}
		if r := prove(t, s); r.Sound() {
			t.Errorf("%s changed, and the ledger is sound", name)
		}
	}
}

// TestReplicasDoNotCountTwice: the one that comes second is told so.
func TestReplicasDoNotCountTwice(t *testing.T) {
	s := memstore.New()
	fill(t, s, 2)
	want := flat(t, s)
	other := false
	_, err := retention.Run(t.Context(), between{s, func() {
		if !other {
			other = true
			if _, err := retention.Run(t.Context(), s, horizon, key, signed); err != nil {
				t.Error(err)
			}
		}
	}}, horizon, key, signed)
	if !errors.Is(err, store.ErrVersion) {
		t.Errorf("the second: %v", err)
	}
	sound(t, s)
	if diff := cmp.Diff(want, flat(t, s)); diff != "" {
		t.Error(diff)
	}
}

// between does something before the first Put.
type between struct {
	store.Store
	do func()
}

func (b between) Put(ctx context.Context, rows []store.Row) error {
	b.do()
	return b.Store.Put(ctx, rows)
}

// TestDiskIsGivenBack: a ledger on disk shrinks.
func TestDiskIsGivenBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	open := func() *pebblestore.Store {
		s, err := pebblestore.Open(dir, pebblestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	reopen := func(s *pebblestore.Store) *pebblestore.Store {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return open()
	}
	s := open()
	fill(t, s, 40)
	s = reopen(s)
	want, newest, before := flat(t, s), head(t, s), s.Stats().Bytes
	if _, err := retention.Run(t.Context(), s, horizon, key, signed); err != nil {
		t.Fatal(err)
	}
	s = reopen(s)
	after := s.Stats().Bytes
	t.Logf("%d bytes before, %d after", before, after)
	if after > before/2 {
		t.Errorf("%d bytes are left of %d, after three quarters were dropped", after, before)
	}
	sound(t, s, newest)
	if diff := cmp.Diff(want, flat(t, s)); diff != "" {
		t.Error(diff)
	}
}

// TestPostgreSQLDropsTheSame: what a ledger in memory is left with.
func TestPostgreSQLDropsTheSame(t *testing.T) {
	database, err := pgstore.Open(t.Context(), pgtest.Database(t), pgstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { database.Close() })
	memory := memstore.New()
	for _, s := range []store.Store{memory, database} {
		fill(t, s, 3)
		if _, err := retention.Run(t.Context(), s, horizon, key, signed); err != nil {
			t.Fatal(err)
		}
		sound(t, s)
		if records, calls := old(t, s, horizon); records != 0 || calls != 0 {
			t.Errorf("%d records and %d calls of before are there", records, calls)
		}
	}
	if difference, err := transfer.Equal(t.Context(), memory, database, nil); difference != "" || err != nil {
		t.Errorf("%s, %v", difference, err)
	}

	// It moves, with its sums, its cut and the facts whose calls are gone.
	var lines bytes.Buffer
	if _, err := transfer.Export(t.Context(), database, &lines, signed, nil); err != nil {
		t.Fatal(err)
	}
	moved := memstore.New()
	if _, err := transfer.Import(t.Context(), moved, &lines, nil, func(context.Context) error { sound(t, moved); return nil }); err != nil {
		t.Fatal(err)
	}
	if difference, err := transfer.Equal(t.Context(), database, moved, nil); difference != "" || err != nil {
		t.Errorf("after moving: %s, %v", difference, err)
	}
}
