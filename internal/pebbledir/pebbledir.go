// Package pebbledir is what a Pebble database of ours needs whatever is in it: a
// directory that is meant, a lock that is told apart, messages in the log, and a
// way to survive what Pebble calls fatal. It may not know what is stored, nor
// choose an option of the database.
package pebbledir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Canonical gives a directory one name, because within one process Pebble locks
// names and not files.
func Canonical(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return dir, nil
	}
	return resolved, err
}

// beginning matches what Pebble may leave behind when it is killed while it
// makes a database, and what a fresh file system has.
var beginning = regexp.MustCompile(`^(LOCK|MANIFEST-\d+|marker\..+|lost\+found)$`)

// RefuseForeign keeps a mistyped directory from being filled with a database, and
// one whose root was lost from being taken for a new one: if the directory holds
// something else, its error is foreign, and names a file.
func RefuseForeign(fsys vfs.FS, dir string, foreign error) error {
	files, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	there, err := pebble.Peek(dir, fsys)
	if err != nil {
		return err
	}
	for _, file := range files {
		if !there.Exists && !beginning.MatchString(file) {
			return fmt.Errorf("%w: %s", foreign, file)
		}
	}
	return nil
}

// FS is a file system that tells a failed lock apart from all that can fail in
// an opening: its error is Locked, too.
type FS struct {
	vfs.FS
	Locked error
}

// Unwrap lets Pebble see which file system it is.
func (f FS) Unwrap() vfs.FS { return f.FS }

// Lock locks a file.
func (f FS) Lock(name string) (io.Closer, error) {
	lock, err := f.FS.Lock(name)
	var atFile *os.PathError
	if err != nil && !errors.As(err, &atFile) {
		// The file is there, so what failed is the locking.
		err = fmt.Errorf("%w: %w", f.Locked, err)
	}
	return lock, err
}
