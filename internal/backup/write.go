// Package backup packs a copy of a ledger's directory into one file, and unpacks
// it again. The file is a tar, with a manifest behind the ledger's files: what was
// cut off or changed is found out, and named.
//
// The room knows files and no store; it may not tell whether what is in them is a
// sound ledger.
package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Progress is called now and then with the bytes that are done, of so many.
type Progress func(done, all uint64)

// Source is a ledger that can be copied.
type Source interface {
	// Copy writes a copy of the ledger's files into a new directory, and returns
	// a checkpoint that the copy reaches.
	Copy(ctx context.Context, dir string, now time.Time) (checkpoint []byte, err error)
}

// Write copies a ledger into a directory, which must be on the ledger's disk and
// is removed before and after, and writes it to w. begin is called when the copy
// was made, before the first byte.
func Write(ctx context.Context, source Source, dir, version string, now time.Time, begin func(), w io.Writer, progress Progress) (err error) {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	defer func() {
		if left := os.RemoveAll(dir); err == nil && left != nil {
			err = fmt.Errorf("backing up: %w", left)
		}
	}()
	checkpoint, err := source.Copy(ctx, dir, now)
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	begin()
	p := &packer{tar: tar.NewWriter(w), now: now, progress: progress}
	p.Checkpoint = string(checkpoint)
	p.Title = title{Format: format, Version: version, Time: now.UTC().Truncate(time.Second)}
	if err := p.pack(ctx, dir); err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	return nil
}

type packer struct {
	Manifest
	tar      *tar.Writer
	now      time.Time
	progress Progress
	done     uint64
}

func (p *packer) pack(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if _, ok := fileName(filesPrefix + entry.Name()); !ok || !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file of a ledger", entry.Name())
		}
		p.Title.Files++
		p.Title.Bytes += uint64(info.Size())
		p.Files = append(p.Files, File{Name: entry.Name(), Bytes: info.Size()})
	}
	if err := p.text(titleName, encode(p.Title)); err != nil {
		return err
	}
	for i := range p.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.file(dir, &p.Files[i]); err != nil {
			return err
		}
	}
	p.SHA256 = p.sum()
	if err := p.text(manifestName, encode(p.Manifest)); err != nil {
		return err
	}
	return p.tar.Close()
}

func (p *packer) header(name string, size int64) error {
	return p.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: p.now.Truncate(time.Second), Format: tar.FormatPAX})
}

func (p *packer) text(name string, text []byte) error {
	if err := p.header(name, int64(len(text))); err != nil {
		return err
	}
	_, err := p.tar.Write(text)
	return err
}

func (p *packer) file(dir string, f *File) error {
	in, err := os.Open(filepath.Join(dir, f.Name))
	if err != nil {
		return err
	}
	defer in.Close()
	if err := p.header(filesPrefix+f.Name, f.Bytes); err != nil {
		return err
	}
	sum := sha256.New()
	out := io.MultiWriter(p.tar, sum, counter{&p.done, p.Title.Bytes, p.progress})
	if _, err := io.CopyN(out, in, f.Bytes); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	f.SHA256 = fmt.Sprintf("%x", sum.Sum(nil))
	return nil
}

// counter tells of progress as bytes pass.
type counter struct {
	done     *uint64
	all      uint64
	progress Progress
}

func (c counter) Write(b []byte) (int, error) {
	*c.done += uint64(len(b))
	if c.progress != nil {
		c.progress(*c.done, c.all)
	}
	return len(b), nil
}
