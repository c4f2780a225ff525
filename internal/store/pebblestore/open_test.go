package pebblestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/store"
)

func mustOpen(t *testing.T, dir string, cfg Config) *Store {
	t.Helper()
	s, err := Open(dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // Mostly for the second time.
	return s
}

// refuses checks that an opening fails with want, names the directory, and
// leaves its files alone.
func refuses(t *testing.T, dir string, want error) {
	t.Helper()
	s, err := Open(dir, Config{})
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), dir) {
		t.Errorf("opening: %v, want %v and the directory %s", err, want, dir)
	}
}

func TestOnlyOneHasItOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "the", "way")
	s := mustOpen(t, dir, Config{})
	refuses(t, dir, ErrLocked)

	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	refuses(t, link, ErrLocked)
	t.Chdir(filepath.Dir(dir))
	refuses(t, "way", ErrLocked)

	// The attempts did it no harm, and Close lets the next one in.
	commit(t, s, request(testFact(1)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkReadable(t, mustOpen(t, link, Config{}), request(testFact(1)))
}

// noLockFile is a file system that does not let anybody make a file to lock.
type noLockFile struct{ vfs.FS }

func (noLockFile) Lock(name string) (io.Closer, error) {
	return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrPermission}
}

func TestNoPermissionIsNotALock(t *testing.T) {
	_, err := Open("ledger", Config{fs: noLockFile{vfs.NewMem()}})
	if !errors.Is(err, os.ErrPermission) || errors.Is(err, ErrLocked) {
		t.Errorf("opening without permission: %v", err)
	}
}

func TestForeignDirectories(t *testing.T) {
	notes := t.TempDir()
	if err := os.WriteFile(filepath.Join(notes, "notes.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	refuses(t, notes, ErrForeign)
	if files, _ := os.ReadDir(notes); len(files) != 1 {
		t.Errorf("a foreign directory has %d files after it was refused", len(files))
	}

	fresh := t.TempDir()
	if err := os.Mkdir(filepath.Join(fresh, "lost+found"), 0o777); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, fresh, Config{})

	other := filepath.Join(t.TempDir(), "other")
	writeRaw(t, other, []byte("some key"), []byte("some value"))
	refuses(t, other, ErrForeign)
}

func TestFileInsteadOfADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Config{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("opening a file: %v", err)
	}
}

// writeRaw writes into the database behind the store's back.
func writeRaw(t *testing.T, dir string, key, value []byte) {
	t.Helper()
	db, err := pebble.Open(dir, options(Config{}.withDefaults()))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set(key, value, pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestFormatOfALedger(t *testing.T) {
	for name, c := range map[string]struct {
		mark []byte
		want error
	}{
		"this":    {binary.AppendUvarint(nil, formatVersion), nil},
		"older":   {binary.AppendUvarint(nil, formatVersion-1), ErrUnreleased},
		"newer":   {binary.AppendUvarint(nil, formatVersion+1), ErrNewer},
		"highest": {binary.AppendUvarint(nil, 1<<64-1), ErrNewer},
		"none":    {binary.AppendUvarint(nil, 0), errDamaged},
		"empty":   {nil, errDamaged},
		"cut":     {[]byte{0x80}, errDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ledger")
			s := mustOpen(t, dir, Config{})
			commit(t, s, request(testFact(1)))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			writeRaw(t, dir, formatKey, c.mark)
			if c.want != nil {
				refuses(t, dir, c.want)
				refuses(t, dir, c.want) // The first attempt let go of the lock.
				return
			}
			checkReadable(t, mustOpen(t, dir, Config{}), request(testFact(1)))
		})
	}
}

func TestGapInNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	if err := mustOpen(t, dir, Config{}).Close(); err != nil {
		t.Fatal(err)
	}
	writeRaw(t, dir, appendNameKey(nil, 2), []byte("the second of none"))
	refuses(t, dir, errDamaged)
}

// TestDamagedLastCall: the next call could not be linked to it.
func TestDamagedLastCall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	s := mustOpen(t, dir, Config{})
	commit(t, s, request(testFact(1)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	writeRaw(t, dir, appendCallKey(nil, 1), []byte{valueFormat, 0})
	refuses(t, dir, errDamaged)
	if _, err := Open(dir, Config{}); !strings.Contains(fmt.Sprint(err), "call 1") {
		t.Errorf("opening does not name the damaged call: %v", err)
	}
}

func TestDamagedEntriesAreErrors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	s := mustOpen(t, dir, Config{})
	commit(t, s, request(testFact(7)))
	commit(t, s, request(testFact(8)))
	indexNow(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	writeRaw(t, dir, appendFactKey(nil, testFact(1).Key), []byte{valueFormat + 1})
	writeRaw(t, dir, appendCallKey(nil, 1), nil)
	writeRaw(t, dir, appendTableKey(nil, "t"), []byte{valueFormat, 0x80})
	s = mustOpen(t, dir, Config{})
	ctx := context.Background()

	if _, _, err := s.Lookup(ctx, testFact(1).Key); !errors.Is(err, errDamaged) {
		t.Errorf("a lookup: %v", err)
	}
	if _, _, err := contents(s); !errors.Is(err, errDamaged) {
		t.Errorf("a scan: %v", err)
	}
	for _, err := range s.ScanCalls(ctx, 0) {
		if !errors.Is(err, errDamaged) {
			t.Errorf("a scan of calls: %v", err)
		}
	}
	if err := s.Put(ctx, []store.Row{{Table: "t"}}); !errors.Is(err, errDamaged) {
		t.Errorf("a put: %v", err)
	}
	r := request(testFact(1), testFact(2))
	commit(t, s, r)
	if got := outcomes(r); got[0] != store.Faulted || got[1] != store.Created {
		t.Errorf("a commit: %v", got)
	}
}

// TestDamagedFiles damages each file of a ledger in many ways. A ledger may then
// be refused, or fail to be read, or lack the last calls, which is how the end
// of a log looks after a power cut; but it never lies, and nothing panics.
func TestDamagedFiles(t *testing.T) {
	original := damageable(t)
	files, err := os.ReadDir(original)
	if err != nil {
		t.Fatal(err)
	}
	damages := map[string]func([]byte) []byte{
		"empty": func([]byte) []byte { return nil },
		"half":  func(b []byte) []byte { return b[:len(b)/2] },
		"zeros": func(b []byte) []byte { return make([]byte, len(b)) },
		"first": func(b []byte) []byte { b[0] ^= 0xFF; return b },
		"third": func(b []byte) []byte { b[len(b)/3] ^= 0xFF; return b },
		"last":  func(b []byte) []byte { b[len(b)-1] ^= 0xFF; return b },
		"tail":  func(b []byte) []byte { return append(b, "more"...) },
		"gone":  nil,
	}
	for _, file := range files {
		for name, damage := range damages {
			t.Run(file.Name()+"/"+name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "ledger")
				if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
					t.Fatal(err)
				}
				damageFile(t, filepath.Join(dir, file.Name()), damage)
				checkNoLie(t, dir)
			})
		}
	}
}

// damageableCalls are the calls of a ledger that is to be damaged, half of them
// in a table and half in the log.
const damageableCalls = 40

// damageable makes a ledger in which call n told fact n-1.
func damageable(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "ledger")
	for half := range 2 {
		s := mustOpen(t, dir, Config{})
		for n := half * damageableCalls / 2; n < (half+1)*damageableCalls/2; n++ {
			commit(t, s, request(testFact(n)))
		}
		if half == 0 {
			indexNow(t, s)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func damageFile(t *testing.T, path string, damage func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if damage == nil {
		err = os.Remove(path)
	} else if len(content) > 0 {
		err = os.WriteFile(path, damage(content), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func checkNoLie(t *testing.T, dir string) {
	t.Helper()
	s, err := Open(dir, Config{})
	if err != nil {
		if !strings.Contains(err.Error(), dir) {
			t.Errorf("the error does not name the directory: %v", err)
		}
		return
	}
	defer s.Close()
	facts, calls, err := contents(s)
	if err != nil {
		return
	}
	if len(facts) != len(calls) || len(calls) < damageableCalls/2 {
		t.Errorf("%d facts and %d calls, want the same number and at least those of the table", len(facts), len(calls))
	}
	for n := range calls {
		want := testFact(n)
		if got := facts[want.Key]; got.Quantity != want.Quantity || !bytes.Equal(got.Detail, want.Detail) {
			t.Errorf("fact %d became %+v", n, got)
		}
	}
}

func TestPebbleIsHeardThroughTheLogger(t *testing.T) {
	var heard bytes.Buffer
	log := slog.New(slog.NewTextHandler(&heard, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := mustOpen(t, t.TempDir(), Config{Logger: log})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := heard.String(); !strings.Contains(got, "level=DEBUG msg=pebble message=") {
		t.Errorf("heard only: %q", got)
	}
	heard.Reset()
	log = slog.New(slog.NewTextHandler(&heard, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if err := mustOpen(t, t.TempDir(), Config{Logger: log}).Close(); err != nil {
		t.Fatal(err)
	}
	if heard.Len() > 0 {
		t.Errorf("heard without a reason: %q", heard.String())
	}
}
