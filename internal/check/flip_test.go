package check

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pebblestore"
)

var flips = flag.Int("flips", 60, "how many bytes are flipped, one at a time, in files and in entries")

// written makes a ledger with a seeded history, in several tables and in the log,
// as a killed process leaves it, and returns all that it holds.
func written(t *testing.T) (dir, contents string) {
	t.Helper()
	live := filepath.Join(t.TempDir(), "live")
	s := openDir(t, live)
	write(t, s, 1, 40)
	if err := s.DropBefore(t.Context(), 0); err != nil { // has the facts indexed
		t.Fatal(err)
	}
	if err := errors.Join(s.Put(t.Context(), []store.Row{{Table: "t", Key: "k", Value: []byte("a row")}}), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = openDir(t, live)
	write(t, s, 2, 20)
	contents = everything(t, s)
	// What the process has written is in the files, and it has not closed them.
	dir = filepath.Join(t.TempDir(), "killed")
	copyDir(t, live, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, contents
}

func openDir(t *testing.T, dir string) *pebblestore.Store {
	t.Helper()
	s, err := pebblestore.Open(dir, pebblestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// everything is all that a store holds.
func everything(t *testing.T, s store.Store) string {
	t.Helper()
	var b strings.Builder
	ctx := t.Context()
	for call, err := range s.ScanCalls(ctx, 0) {
		fmt.Fprintf(&b, "%+v %v\n", call, err)
	}
	for kind := store.Kind('A'); kind <= 'Z'; kind++ {
		for fact, err := range s.Scan(ctx, store.Range{Kind: kind, ToHour: ^store.Hour(0)}) {
			fmt.Fprintf(&b, "%+v %v\n", fact, err)
		}
	}
	for id := range store.NameID(len(words) + 2) {
		name, ok, err := s.Name(ctx, id)
		fmt.Fprintln(&b, id, name, ok, err)
	}
	for row, err := range s.Rows(ctx, "t") {
		fmt.Fprintf(&b, "%+v %v\n", row, err)
	}
	return b.String()
}

// verdict opens a ledger and checks it. It returns what is wrong, or else all
// that the ledger holds.
func verdict(t *testing.T, dir string) (wrong, contents string) {
	t.Helper()
	s, err := pebblestore.Open(dir, pebblestore.Config{})
	if err != nil {
		return err.Error(), ""
	}
	defer s.Close() // It was only read.
	r, err := Ledger(context.Background(), s, Options{})
	if err != nil {
		return err.Error(), ""
	}
	if !r.Sound() {
		return r.Problems[0].String(), ""
	}
	return "", everything(t, s)
}

// TestAFlippedByteOfAFileIsFound flips bits of all files of a ledger: either it
// is found, or it was in bytes that hold nothing, so that every call, fact, name
// and row is as it was.
func TestAFlippedByteOfAFileIsFound(t *testing.T) {
	dir, contents := written(t)
	if wrong, is := verdictOfCopy(t, dir, nil); wrong != "" || is != contents {
		t.Fatalf("without a flip: %s", wrong)
	}
	random := rand.New(rand.NewPCG(3, 3))
	found, idle := map[string]int{}, map[string]int{}
	for range *flips {
		file, at, bit := flipOf(t, dir, random)
		wrong, is := verdictOfCopy(t, dir, func(copied string) { flip(t, filepath.Join(copied, file), at, bit) })
		kind := strings.TrimLeft(filepath.Base(file), "0123456789")
		switch {
		case wrong != "":
			found[kind]++
		case is == contents:
			idle[kind]++
		default:
			t.Errorf("byte %d of %s is flipped by %02x: nothing is found, and the ledger holds something else", at, file, bit)
		}
	}
	t.Logf("found %v; changed nothing %v", found, idle)
	if found[".sst"] == 0 || found[".log"] == 0 || idle[".log"] > 0 || idle[".sst"] > found[".sst"]/10 {
		t.Error("every byte of the log matters, and all of a table but its filter, which is made anew when tables are merged")
	}
}

// flipOf chooses a bit of a ledger's files, each file as often as any other.
func flipOf(t *testing.T, dir string, random *rand.Rand) (file string, at int64, bit byte) {
	t.Helper()
	var files []os.DirEntry
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range list {
		if info, err := entry.Info(); err == nil && info.Size() > 0 {
			files = append(files, entry)
		}
	}
	info, err := files[random.IntN(len(files))].Info()
	if err != nil {
		t.Fatal(err)
	}
	return info.Name(), random.Int64N(info.Size()), 1 << random.IntN(8)
}

func flip(t *testing.T, path string, at int64, bit byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= bit
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func verdictOfCopy(t *testing.T, dir string, change func(copied string)) (wrong, contents string) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copy")
	copyDir(t, dir, copied)
	defer os.RemoveAll(copied) // There will be many.
	if change != nil {
		change(copied)
	}
	return verdict(t, copied)
}

// entry is one of Pebble's.
type entry struct{ key, value []byte }

// TestAFlippedByteOfAnEntryIsFound changes entries as somebody does who can write
// to the database, so that all checksums are right: every change of a call, of a
// fact or of a name is found.
func TestAFlippedByteOfAnEntryIsFound(t *testing.T) {
	dir, _ := written(t)
	entries := slices.DeleteFunc(entriesOf(t, dir), func(e entry) bool {
		// The marketplace is not part of the chain, and what the store knows of
		// itself is nothing that anybody told.
		return e.key[0] == 'r' || e.key[0] == 'm'
	})
	random := rand.New(rand.NewPCG(4, 4))
	found := map[string]int{}
	for range *flips {
		e := entries[random.IntN(len(entries))]
		if len(e.value) == 0 {
			continue
		}
		at, bit := random.IntN(len(e.value)), byte(1)<<random.IntN(8)
		wrong, _ := verdictOfCopy(t, dir, func(copied string) {
			changed := bytes.Clone(e.value)
			changed[at] ^= bit
			set(t, copied, e.key, changed)
		})
		if wrong == "" {
			t.Errorf("byte %d of the entry %q is flipped by %02x, and nothing is found", at, e.key, bit)
		}
		if e.key[0] == 'c' && !strings.Contains(wrong, "call ") {
			t.Errorf("a flip in a call is found as %q, which names none", wrong)
		}
		found[string(e.key[:1])]++
	}
	t.Logf("found, by the first byte of the key: %v", found)
}

func entriesOf(t *testing.T, dir string) (all []entry) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "entries")
	copyDir(t, dir, copied)
	inPebble(t, copied, func(db *pebble.DB) error {
		it, err := db.NewIter(nil)
		if err != nil {
			return err
		}
		for ok := it.First(); ok; ok = it.Next() {
			all = append(all, entry{bytes.Clone(it.Key()), bytes.Clone(it.Value())})
		}
		return it.Close()
	})
	return all
}

func set(t *testing.T, dir string, key, value []byte) {
	t.Helper()
	inPebble(t, dir, func(db *pebble.DB) error { return db.Set(key, value, pebble.Sync) })
}

func inPebble(t *testing.T, dir string, do func(*pebble.DB) error) {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{FormatMajorVersion: pebble.FormatNewest, Logger: silent{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmp.Or(do(db), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// silent keeps Pebble's messages from the test's output.
type silent struct{}

func (silent) Infof(string, ...any)           {}
func (silent) Errorf(string, ...any)          {}
func (silent) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }
