package pebblestore

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/store"
)

// ErrSpace is why usage is refused, and a ledger not opened, while the disk is
// nearly full. Nothing was written then, and nothing has to be started again: a
// log that met a full disk would have to be.
var ErrSpace = errors.New("the disk of the ledger is nearly full")

// shortage says what a disk has no room for; nil where it has. Both are nil if
// nobody knows how full it is.
type shortage struct{ usage, all error }

func shortageOf(fs vfs.FS, dir string) shortage {
	disk, err := fs.GetDiskUsage(dir)
	if err != nil {
		return shortage{}
	}
	reserve := min(reserveBytes, disk.TotalBytes/reserveShare)
	short := func(what string, least uint64) error {
		if disk.AvailBytes >= least {
			return nil
		}
		return fmt.Errorf("%w: %d KiB are free, and %s from %d KiB on; make room, nothing has to be started again",
			ErrSpace, disk.AvailBytes>>10, what, least>>10)
	}
	return shortage{
		usage: short("usage is taken", reserve),
		all:   short("calls without usage are", reserve/reserveRest),
	}
}

func (s *Store) shortage() shortage { return shortageOf(s.cfg.fs, s.dir) }

// refuses says why a request finds no room, if so.
func (s shortage) refuses(r *store.Request) error {
	tellsUsage := func(f store.Fact) bool { return f.Key.Kind.IsUsage() }
	if s.usage != nil && slices.ContainsFunc(r.Facts, tellsUsage) {
		return s.usage
	}
	return s.all
}
