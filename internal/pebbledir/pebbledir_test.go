package pebbledir

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var errLocked, errForeign = errors.New("locked"), errors.New("foreign")

// unreadable is a file system of somebody else.
type unreadable struct{ vfs.FS }

func (unreadable) Lock(name string) (io.Closer, error) {
	return nil, &os.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestOnlyAFailedLockIsLocked(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	fsys := FS{vfs.Default, errLocked}
	held, err := fsys.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fsys.Lock(name); !errors.Is(err, errLocked) {
		t.Errorf("locked twice: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := (FS{unreadable{vfs.Default}, errLocked}).Lock(name); errors.Is(err, errLocked) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("without permission: %v", err)
	}
}

func TestRefuseForeign(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		file    string
		foreign bool
	}{{"LOCK", false}, {"lost+found", false}, {"notes.txt", true}} {
		if err := os.WriteFile(filepath.Join(dir, test.file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := RefuseForeign(vfs.Default, dir, errForeign); errors.Is(err, errForeign) != test.foreign {
			t.Errorf("with %s: %v", test.file, err)
		}
	}
	if err := RefuseForeign(vfs.Default, filepath.Join(dir, "none"), errForeign); err != nil {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestWhatIsFatalIsSurvivedAndABugIsNot(t *testing.T) {
	log := Logger{slog.New(slog.DiscardHandler)}
	if err := Survive(func() error { log.Fatalf("writing: %v", io.ErrShortWrite); return nil }); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("what is fatal came back as %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a bug was survived")
		}
	}()
	_ = Survive(func() error { var none []int; _ = none[len(none)]; return nil })
}
