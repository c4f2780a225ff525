package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/check"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
	"github.com/meterd/meterd/internal/store/pebblestore"
	"github.com/meterd/meterd/internal/store/pgstore"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fill gives a store a history: new records, retries, contradictions, guards,
// tokens that end and are told again, refusals, odd names, rows that were removed.
func fill(t testing.TB, s store.Store, calls int) {
	t.Helper()
	words := []string{"seller/us-east-1", "prod", "cust \"<&>\" ü", "bytes \xff\x00", "", strings.Repeat("long ", 500)}
	names := make([]store.NameID, len(words))
	if err := s.Intern(t.Context(), words, names); err != nil {
		t.Fatal(err)
	}
	rows := []store.Row{{Table: "ledger", Key: "secret", Value: []byte{0, 255}}, {Table: "market", Key: "a\xfe", Value: []byte("x")}, {Table: "market", Key: "removed", Value: []byte("y")}}
	if err := s.Put(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), []store.Row{{Table: "market", Key: "removed", Version: 1}, {Table: "market", Key: "a\xfe", Value: []byte("z"), Version: 1}}); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 0))
	for n := range calls {
		at := noon.Add(time.Duration(n) * time.Minute)
		r := store.Request{At: at.UnixMilli(), Guarded: n%3 == 0}
		e := audit.Entry{Operation: "BatchMeterUsage", RequestID: fmt.Sprint(n)}
		for i, id := range names {
			e.Names = append(e.Names, audit.Name{ID: uint32(id), Text: words[i]})
		}
		token := store.Fact{Key: store.Key{Kind: store.ClientToken, Tail: [16]byte{byte(random.IntN(5)), 1}}, Detail: []byte{byte(random.IntN(2))}, Until: at.Add(7 * time.Minute).UnixMilli()}
		usage := store.Fact{
			Key:      store.Key{Kind: store.UsageByResource, Hour: store.Hour(at.Unix() / 3600), Scope: names[0], Subject: names[1], Party: names[2+random.IntN(4)], Dimension: names[random.IntN(6)]},
			Quantity: int64(random.IntN(3)), Timestamp: at.UnixMilli() - 1,
		}
		switch n % 5 {
		case 4:
			e.Refused = "product-unknown"
		default:
			e.Batch = &audit.Batch{Records: []audit.Record{{Brief: true}}}
			r.Facts = []store.Fact{token, usage}
		}
		r.Call = e.Append(nil)
		if err := s.Commit(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
	}
}

// sound proves a store, as the commands do before they call an import whole.
func sound(t testing.TB, s store.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		t.Helper()
		report, err := check.Ledger(ctx, s, check.Options{})
		if err == nil && !report.Sound() {
			err = fmt.Errorf("%v", report.Problems)
		}
		return err
	}
}

func export(t testing.TB, s store.Store) []byte {
	t.Helper()
	var lines bytes.Buffer
	if _, err := Export(t.Context(), s, &lines, noon, nil); err != nil {
		t.Fatal(err)
	}
	return lines.Bytes()
}

// move exports one store and imports into another, which is then equal and goes
// on like it.
func move(t *testing.T, from, to store.Store) {
	t.Helper()
	lines := export(t, from)
	var reports int
	counts, err := Import(t.Context(), to, bytes.NewReader(lines), func(done, all uint64) { reports++ }, sound(t, to))
	if err != nil {
		t.Fatal(err)
	}
	if counts.Calls < progressEvery || counts.Facts == 0 || counts.Rows != 2 || reports == 0 {
		t.Errorf("%+v, %d reports of progress", counts, reports)
	}
	difference, err := Equal(t.Context(), from, to, nil)
	if err != nil || difference != "" {
		t.Fatalf("the copy differs: %s, %v", difference, err)
	}
	if err := store.Whole(t.Context(), to); err != nil {
		t.Error(err)
	}
}

func pebble(t testing.TB) store.Store {
	t.Helper()
	s, err := pebblestore.Open(filepath.Join(t.TempDir(), "ledger"), pebblestore.Config{})
	return opened(t, s, err)
}

func opened(t testing.TB, s store.Store, err error) store.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestThroughAllStores(t *testing.T) {
	first, second, last := memstore.New(), pebble(t), pebble(t)
	fill(t, first, 1200)
	move(t, first, second)
	database, err := pgstore.Open(t.Context(), pgtest.Database(t), pgstore.Config{})
	third := opened(t, database, err)
	move(t, second, third)
	move(t, third, last)

	// All go on in the same way.
	for _, s := range []store.Store{first, second, third, last} {
		entry := (&audit.Entry{Refused: "product-unknown"}).Append(nil)
		if err := s.Commit(t.Context(), &store.Request{At: noon.UnixMilli(), Call: entry}); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []store.Store{second, third, last} {
		if difference, err := Equal(t.Context(), first, s, nil); difference != "" || err != nil {
			t.Errorf("after another call: %s, %v", difference, err)
		}
	}
}

func TestAnEmptyLedgerMoves(t *testing.T) {
	to := pebble(t)
	if _, err := Import(t.Context(), to, bytes.NewReader(export(t, memstore.New())), nil, sound(t, to)); err != nil {
		t.Error(err)
	}
}

// TestABrokenImportIsNoLedger cuts an export at every line, and in the middle of
// some.
func TestABrokenImportIsNoLedger(t *testing.T) {
	from := memstore.New()
	fill(t, from, 12)
	lines := bytes.SplitAfter(export(t, from), []byte("\n"))
	for n := range len(lines) - 1 {
		for _, half := range []bool{false, true} {
			cut := bytes.Join(lines[:n], nil)
			if half {
				cut = append(cut, lines[n][:len(lines[n])/2]...)
			}
			to := memstore.New()
			_, err := Import(t.Context(), to, bytes.NewReader(cut), nil, sound(t, to))
			if !errors.Is(err, ErrCut) {
				t.Errorf("cut in line %d: %v", n+1, err)
			}
			if err := store.Whole(t.Context(), to); !errors.Is(err, store.ErrHalf) {
				t.Errorf("cut in line %d, the ledger is whole: %v", n+1, err)
			}
			if _, err := Import(t.Context(), to, bytes.NewReader(cut), nil, sound(t, to)); !errors.Is(err, store.ErrHalf) {
				t.Errorf("an import into half a ledger: %v", err)
			}
			if _, err := Export(t.Context(), to, new(bytes.Buffer), noon, nil); !errors.Is(err, store.ErrHalf) {
				t.Errorf("an export of half a ledger: %v", err)
			}
		}
	}
}

// TestAnAlteredExportIsRefused changes bytes all over it.
func TestAnAlteredExportIsRefused(t *testing.T) {
	from := memstore.New()
	fill(t, from, 12)
	original := export(t, from)
	for at := 0; at < len(original)-1; at += 7 {
		altered := bytes.Clone(original)
		if altered[at]++; altered[at] == '\n' {
			altered[at]++
		}
		to := memstore.New()
		if _, err := Import(t.Context(), to, bytes.NewReader(altered), nil, sound(t, to)); err == nil {
			t.Errorf("byte %d of %d altered, and imported:\n%s", at, len(original), altered[max(0, at-40):at+40])
		}
	}
	lines := bytes.SplitAfter(original, []byte("\n"))
	for name, wrong := range map[string][][]byte{
		"a line twice":       slices.Insert(slices.Clone(lines), 3, lines[3]),
		"a line less":        slices.Delete(slices.Clone(lines), 3, 4),
		"two exports":        append(slices.Clone(lines), lines...),
		"something behind":   append(slices.Clone(lines), []byte("x")),
		"another first line": lines[1:],
		"an unknown line":    slices.Insert(slices.Clone(lines), 1, []byte("{\"what\":1}\n")),
		"an empty line":      slices.Insert(slices.Clone(lines), 1, []byte("{}\n")),
		"a later format":     append([][]byte{bytes.Replace(lines[0], []byte(`"format":1`), []byte(`"format":2`), 1)}, lines[1:]...),
	} {
		to := memstore.New()
		if _, err := Import(t.Context(), to, bytes.NewReader(bytes.Join(wrong, nil)), nil, sound(t, to)); err == nil {
			t.Errorf("%s: imported", name)
		}
	}
}

func TestOnlyEmptyPlacesAreFilled(t *testing.T) {
	from := memstore.New()
	fill(t, from, 3)
	lines := export(t, from)
	for name, begin := range map[string]func(store.Store) error{
		"a call": func(s store.Store) error { return s.Commit(t.Context(), new(store.Request)) },
		"a name": func(s store.Store) error { return s.Intern(t.Context(), []string{"x"}, make([]store.NameID, 1)) },
		"a row": func(s store.Store) error {
			return s.Put(t.Context(), []store.Row{{Table: "t", Key: "k", Value: []byte("v")}})
		},
	} {
		to := memstore.New()
		if err := begin(to); err != nil {
			t.Fatal(err)
		}
		if _, err := Import(t.Context(), to, bytes.NewReader(lines), nil, sound(t, to)); !errors.Is(err, ErrOccupied) {
			t.Errorf("into a place with %s: %v", name, err)
		}
	}
}

// TestAnUnsoundImportStaysHalf: what cannot be proven is not called whole.
func TestAnUnsoundImportStaysHalf(t *testing.T) {
	from, to := memstore.New(), memstore.New()
	fill(t, from, 3)
	wrong := errors.New("not sound")
	if _, err := Import(t.Context(), to, bytes.NewReader(export(t, from)), nil, func(context.Context) error { return wrong }); err != wrong {
		t.Error(err)
	}
	if err := store.Whole(t.Context(), to); !errors.Is(err, store.ErrHalf) {
		t.Error(err)
	}
}

// busy is a store whose service goes on.
type busy struct{ store.Store }

func (b busy) Name(ctx context.Context, id store.NameID) (string, bool, error) {
	if err := b.Commit(ctx, new(store.Request)); err != nil {
		return "", false, err
	}
	return b.Store.Name(ctx, id)
}

func TestAnExportWhileSomebodyWrites(t *testing.T) {
	s := memstore.New()
	fill(t, s, 3)
	if _, err := Export(t.Context(), busy{s}, new(bytes.Buffer), noon, nil); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	original := memstore.New()
	fill(t, original, 20)
	lines := export(t, original)
	for name, c := range map[string]struct {
		change func(store.Store) error
		want   string
	}{
		"a call more": {func(s store.Store) error { return s.Commit(t.Context(), new(store.Request)) }, "the other one has call 21 besides"},
		"a name more": {func(s store.Store) error { return s.Intern(t.Context(), []string{"new"}, make([]store.NameID, 1)) }, `the other one has name "new" besides`},
		"a row more": {func(s store.Store) error {
			return s.Put(t.Context(), []store.Row{{Table: "t", Key: "k", Value: []byte("v")}})
		}, `row t "k" besides`},
		"a call less": {func(s store.Store) error { return s.DropCalls(t.Context(), 1) }, "call number 1: 1 here, and 2 there"},
		"facts less":  {func(s store.Store) error { return s.DropBefore(t.Context(), ^store.Hour(0)) }, "the other one ends before fact of kind R"},
		"another fact": {func(s store.Store) error {
			return s.Load(t.Context(), nil, []store.Fact{{Key: store.Key{Kind: 'G'}, Call: 1}})
		}, "the other one has fact of kind G"},
	} {
		copied := memstore.New()
		if _, err := Import(t.Context(), copied, bytes.NewReader(lines), nil, sound(t, copied)); err != nil {
			t.Fatal(err)
		}
		if err := c.change(copied); err != nil {
			t.Fatal(err)
		}
		if got, err := Equal(t.Context(), original, copied, nil); err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
		if got, err := Equal(t.Context(), copied, original, nil); err != nil || got == "" {
			t.Errorf("%s, the other way round: %q, %v", name, got, err)
		}
	}
}
