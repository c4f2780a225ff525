package backup

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// textBytesMax bounds the two members that are no files: a manifest has 150 bytes
// for each file, and a ledger some thousand files.
const textBytesMax = 16 << 20

// Verify reads a backup to its end, and refuses one that was cut off or changed.
func Verify(r io.Reader, progress Progress) (*Manifest, error) {
	return read(r, progress, func(string) (io.WriteCloser, error) { return nothing{}, nil })
}

type nothing struct{}

func (nothing) Write(b []byte) (int, error) { return len(b), nil }
func (nothing) Close() error                { return nil }

// Unpack writes the files of a backup into a directory that is there and empty,
// durably, and verifies them as Verify does. After an error what is there is no
// ledger.
func Unpack(r io.Reader, dir string, progress Progress) (*Manifest, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("unpacking the backup: %w", err)
	}
	defer root.Close()
	m, err := read(r, progress, func(name string) (io.WriteCloser, error) {
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		return durable{f}, err
	})
	if err != nil {
		return nil, err
	}
	if err := SyncDir(dir); err != nil {
		return nil, fmt.Errorf("unpacking the backup: %w", err)
	}
	return m, nil
}

// durable is a file that is on disk once it is closed.
type durable struct{ *os.File }

func (d durable) Close() error { return errors.Join(d.Sync(), d.File.Close()) }

// SyncDir makes durable which files a directory has.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type unpacker struct {
	tar      *tar.Reader
	title    title
	files    []File
	progress Progress
	done     uint64
}

func read(r io.Reader, progress Progress, create func(name string) (io.WriteCloser, error)) (*Manifest, error) {
	u := &unpacker{tar: tar.NewReader(r), progress: progress}
	if err := u.begin(); err != nil {
		return nil, err
	}
	for {
		header, err := u.next()
		if err != nil {
			return nil, err
		}
		if header.Name == manifestName {
			return u.end(r)
		}
		name, ok := fileName(header.Name)
		if !ok || header.Typeflag != tar.TypeReg {
			return nil, fmt.Errorf("%w: it has %q", ErrForeign, header.Name)
		}
		if err := u.file(name, create); err != nil {
			return nil, err
		}
	}
}

// next goes to the next member.
func (u *unpacker) next() (*tar.Header, error) {
	header, err := u.tar.Next()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrCut
	case errors.Is(err, tar.ErrHeader):
		return nil, fmt.Errorf("%w: what follows %s cannot be read", ErrAltered, u.last())
	case err != nil:
		return nil, fmt.Errorf("reading the backup: %w", err)
	}
	return header, nil
}

// last names what was read last.
func (u *unpacker) last() string {
	if len(u.files) == 0 {
		return titleName
	}
	return u.files[len(u.files)-1].Name
}

func (u *unpacker) begin() error {
	header, err := u.tar.Next()
	if err != nil || header.Name != titleName {
		return ErrForeign
	}
	text, err := u.text()
	if err != nil {
		return err
	}
	if err := decode(text, &u.title); err != nil {
		return err
	}
	if u.title.Format != format {
		return fmt.Errorf("the backup has format %d, this meterd knows %d; it was written by %s", u.title.Format, format, u.title.Version)
	}
	return nil
}

func (u *unpacker) text() ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(u.tar, textBytesMax+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, ErrCut
	}
	if err == nil && len(text) > textBytesMax {
		err = ErrAltered
	}
	return text, err
}

func (u *unpacker) file(name string, create func(name string) (io.WriteCloser, error)) error {
	out, err := create(name)
	if err != nil {
		return fmt.Errorf("unpacking the backup: %w", err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum, counter{&u.done, u.title.Bytes, u.progress}), u.tar)
	err = errors.Join(err, out.Close())
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w in %s", ErrCut, name)
	}
	if err != nil {
		return fmt.Errorf("unpacking %s: %w", name, err)
	}
	u.files = append(u.files, File{Name: name, Bytes: n, SHA256: fmt.Sprintf("%x", sum.Sum(nil))})
	return nil
}

// end compares what was read with the manifest, and reads on to the end.
func (u *unpacker) end(r io.Reader) (*Manifest, error) {
	text, err := u.text()
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := decode(text, m); err != nil {
		return nil, fmt.Errorf("reading %s: %w", manifestName, err)
	}
	if m.SHA256 != m.sum() {
		return nil, fmt.Errorf("%w: %s has another SHA-256", ErrAltered, manifestName)
	}
	if m.Title != u.title {
		return nil, fmt.Errorf("%w: %s is not what the manifest says", ErrAltered, titleName)
	}
	for i, f := range u.files {
		if i >= len(m.Files) || m.Files[i] != f {
			return nil, fmt.Errorf("%w: %s is not what the manifest says", ErrAltered, f.Name)
		}
	}
	if !slices.Equal(m.Files, u.files) {
		return nil, fmt.Errorf("%w: %s is missing", ErrAltered, m.Files[len(u.files)].Name)
	}
	if _, err := u.tar.Next(); err != io.EOF {
		return nil, fmt.Errorf("%w: there is more behind the manifest", ErrAltered)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, fmt.Errorf("reading the backup: %w", err)
	}
	return m, nil
}
