package pebblestore

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// fault is what becomes of a write.
type fault int

const (
	fine fault = iota
	// notDone fails and leaves everything as it was.
	notDone
	// doneButFailed does it and says that it failed.
	doneButFailed
	// torn writes the first half and fails.
	torn
)

// write is one that a file system is asked for.
type write struct {
	path string
	// creates is set where a file gets its name, grows where the disk may be
	// full.
	creates, grows bool
}

// isManifest matches writes of Pebble's list of files, isLog the making of a
// new log: Pebble does not survive that these fail.
func (w write) isManifest() bool {
	name := filepath.Base(w.path)
	return strings.HasPrefix(name, "MANIFEST-") || strings.HasPrefix(name, "marker.")
}

func (w write) isNewLog() bool { return w.creates && strings.HasSuffix(w.path, ".log") }

// faultyFS is a file system whose writes meet a fate.
type faultyFS struct {
	vfs.FS
	fate func(write) fault
}

// do does a write as its fate has it; half does the first half of it, if it has
// halves.
func (fs *faultyFS) do(w write, half, whole func() error) error {
	switch fs.fate(w) {
	case notDone:
		return errorfs.ErrInjected
	case doneButFailed:
		return errors.Join(errorfs.ErrInjected, whole())
	case torn:
		if half != nil {
			return errors.Join(errorfs.ErrInjected, half())
		}
	}
	return whole()
}

// create makes a file, and gives it away only if that did not fail.
func (fs *faultyFS) create(path string, file func() (vfs.File, error)) (f vfs.File, err error) {
	err = fs.do(write{path, true, true}, nil, func() (err error) {
		f, err = file()
		return err
	})
	if err == nil {
		return &faultyFile{f, fs, path}, nil
	}
	if f != nil {
		err = errors.Join(err, f.Close())
	}
	return nil, err
}

func (fs *faultyFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.create(name, func() (vfs.File, error) { return fs.FS.Create(name, category) })
}

func (fs *faultyFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.create(to, func() (vfs.File, error) { return fs.FS.ReuseForWrite(from, to, category) })
}

func (fs *faultyFS) OpenReadWrite(name string, category vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return fs.create(name, func() (vfs.File, error) { return fs.FS.OpenReadWrite(name, category, o...) })
}

func (fs *faultyFS) Link(from, to string) error {
	return fs.do(write{to, true, true}, nil, func() error { return fs.FS.Link(from, to) })
}

func (fs *faultyFS) Rename(from, to string) error {
	return fs.do(write{to, true, true}, nil, func() error { return fs.FS.Rename(from, to) })
}

func (fs *faultyFS) Remove(name string) error {
	return fs.do(write{name, false, false}, nil, func() error { return fs.FS.Remove(name) })
}

// faultyFile is a file of a faultyFS.
type faultyFile struct {
	vfs.File
	fs   *faultyFS
	path string
}

func (f *faultyFile) Write(b []byte) (n int, err error) {
	return f.put(b, true, f.File.Write)
}

func (f *faultyFile) WriteAt(b []byte, offset int64) (n int, err error) {
	return f.put(b, false, func(b []byte) (int, error) { return f.File.WriteAt(b, offset) })
}

func (f *faultyFile) put(b []byte, grows bool, to func([]byte) (int, error)) (n int, err error) {
	part := func(b []byte) func() error {
		return func() (err error) {
			n, err = to(b)
			return err
		}
	}
	err = f.fs.do(write{f.path, false, grows}, part(b[:len(b)/2]), part(b))
	return n, err
}

func (f *faultyFile) Sync() error {
	return f.fs.do(write{f.path, false, false}, nil, f.File.Sync)
}

func (f *faultyFile) SyncData() error {
	return f.fs.do(write{f.path, false, false}, nil, f.File.SyncData)
}

func (f *faultyFile) SyncTo(length int64) (whole bool, err error) {
	err = f.fs.do(write{f.path, false, false}, nil, func() (err error) {
		whole, err = f.File.SyncTo(length)
		return err
	})
	return whole, err
}
