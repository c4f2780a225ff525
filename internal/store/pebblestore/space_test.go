package pebblestore

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/store"
)

// smallFS is a file system that says how much room it has.
type smallFS struct {
	vfs.FS
	free atomic.Uint64
}

func (fs *smallFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: fs.free.Load(), TotalBytes: 1 << 40}, nil
}

// TestRoomIsKept: before the disk is full, usage is refused, then everything;
// reading goes on, and with room again so does all, without a restart.
func TestRoomIsKept(t *testing.T) {
	const rest = reserveBytes / reserveRest
	for _, test := range []struct {
		free                   uint64
		usage, container, rows bool
	}{
		{reserveBytes, true, true, true},
		{reserveBytes - 1, false, true, true},
		{rest, false, true, true},
		{rest - 1, false, false, false},
		{0, false, false, false},
		{reserveBytes, true, true, true},
	} {
		fs := &smallFS{FS: newDisk().fs()}
		fs.free.Store(reserveBytes)
		s, err := Open("ledger", Config{fs: fs})
		if err != nil {
			t.Fatal(err)
		}
		told := request(testFact(1))
		commit(t, s, told)
		container := testFact(2)
		container.Key.Kind = store.Registration
		fs.free.Store(test.free)
		for what, got := range map[string]struct {
			err  error
			want bool
		}{
			"usage":       {s.Commit(context.Background(), request(testFact(3))), test.usage},
			"a container": {s.Commit(context.Background(), request(container)), test.container},
			"no fact":     {s.Commit(context.Background(), request()), test.container},
			"a row":       {s.Put(context.Background(), []store.Row{{Table: "t", Key: "k"}}), test.rows},
			"a name":      {s.Intern(context.Background(), []string{"n"}, make([]store.NameID, 1)), test.rows},
			"readiness":   {s.Stats().Stopped, test.usage},
		} {
			if (got.err == nil) != got.want || got.err != nil && !errors.Is(got.err, ErrSpace) || errors.Is(got.err, store.ErrUnknownOutcome) {
				t.Errorf("%d bytes free, %s: %v", test.free, what, got.err)
			}
		}
		checkReadable(t, s, told)
		fs.free.Store(reserveBytes)
		commit(t, s, request(testFact(4)))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		fs.free.Store(test.free)
		s, err = Open("ledger", Config{fs: fs})
		if (err == nil) != test.rows || err != nil && !errors.Is(err, ErrSpace) {
			t.Errorf("opening with %d bytes free: %v", test.free, err)
		}
		if err == nil {
			s.Close() // It is not written any more.
		}
	}
}

func TestTheReserveOfASmallDisk(t *testing.T) {
	for _, test := range []struct {
		free, total uint64
		usage       bool
	}{{8 << 20, 64 << 20, true}, {8<<20 - 1, 64 << 20, false}, {0, 0, true}} {
		fs := fixedFS{disk: vfs.DiskUsage{AvailBytes: test.free, TotalBytes: test.total}}
		if got := shortageOf(fs, ""); (got.usage == nil) != test.usage {
			t.Errorf("%d of %d free: %v", test.free, test.total, got.usage)
		}
	}
	if got := shortageOf(newDisk().fs(), ""); got != (shortage{}) {
		t.Errorf("a file system that does not know says %v", got)
	}
}

type fixedFS struct {
	vfs.FS
	disk vfs.DiskUsage
}

func (fs fixedFS) GetDiskUsage(string) (vfs.DiskUsage, error) { return fs.disk, nil }
