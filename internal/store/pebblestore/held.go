package pebblestore

import (
	"errors"
	"regexp"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// heldFS keeps files until the ledger was seen to be whole. Pebble removes what
// its list of files does not name, and if the list was damaged that is the ledger.
type heldFS struct {
	vfs.FS

	mu sync.Mutex
	// released says that files are removed at once; until then removals are held.
	released bool
	held     []string
}

// Unwrap lets Pebble see which file system it is.
func (fs *heldFS) Unwrap() vfs.FS { return fs.FS }

// precious matches files that can hold a part of the ledger.
var precious = regexp.MustCompile(`\.(sst|log|blob)$|MANIFEST-\d+$`)

// Remove removes a file, or remembers to do so.
func (fs *heldFS) Remove(name string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.released || !precious.MatchString(name) {
		return fs.FS.Remove(name)
	}
	fs.held = append(fs.held, name)
	return nil
}

// release removes what was held, and from now on everything at once. What cannot
// be removed now, Pebble tries to remove when the ledger is opened again.
func (fs *heldFS) release() error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.released = true
	var failed []error
	for _, name := range fs.held {
		failed = append(failed, fs.FS.Remove(name))
	}
	fs.held = nil
	return errors.Join(failed...)
}
