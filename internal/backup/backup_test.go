package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// files is a ledger of a few files.
type files map[string]string

var sample = files{"000001.sst": strings.Repeat("table", 300), "MANIFEST-000002": "manifest", "empty": "", "log": "\x00\xff"}

func (f files) Copy(_ context.Context, dir string, _ time.Time) ([]byte, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	for name, text := range f {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return []byte("a checkpoint"), nil
}

var now = time.Date(2026, 11, 22, 5, 45, 0, 5, time.UTC)

func pack(t *testing.T, source Source) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.MkdirAll(filepath.Join(dir, "left behind"), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	begun := false
	if err := Write(t.Context(), source, dir, "v1", now, func() { begun = out.Len() == 0 }, &out, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || !begun {
		t.Errorf("the copy stays: %v; begun before the first byte: %v", err, begun)
	}
	return out.Bytes()
}

func TestABackupComesBack(t *testing.T) {
	packed := pack(t, sample)
	var done, all uint64
	dir := t.TempDir()
	m, err := Unpack(bytes.NewReader(packed), dir, func(d, a uint64) { done, all = d, a })
	if err != nil {
		t.Fatal(err)
	}
	if m.Checkpoint != "a checkpoint" || m.Title.Version != "v1" || !m.Title.Time.Equal(now.Truncate(time.Second)) || len(m.Files) != len(sample) {
		t.Errorf("%+v", m)
	}
	if done != all || all != 1500+8+2 {
		t.Errorf("%d of %d bytes", done, all)
	}
	for name, want := range sample {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s has %d bytes, %v", name, len(got), err)
		}
	}
	if _, err := Verify(bytes.NewReader(packed), nil); err != nil {
		t.Error(err)
	}
	if _, err := Unpack(bytes.NewReader(packed), dir, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("into a directory that has these files: %v", err)
	}
}

// TestEveryCutIsFound: only the zeros behind the manifest may be missing, which
// say nothing.
func TestEveryCutIsFound(t *testing.T) {
	packed := pack(t, sample)
	zeros := len(packed) - len(bytes.TrimRight(packed, "\x00"))
	for n := range len(packed) - zeros {
		if m, err := Verify(bytes.NewReader(packed[:n]), nil); !errors.Is(err, ErrCut) && !(n <= 2048 && errors.Is(err, ErrForeign)) {
			t.Fatalf("cut at %d of %d: %v, %v", n, len(packed), m, err)
		}
	}
}

// TestEveryChangeIsFound flips each byte of the archive: what is then read is
// refused, or is what was written.
func TestEveryChangeIsFound(t *testing.T) {
	packed := pack(t, sample)
	want, err := Verify(bytes.NewReader(packed), nil)
	if err != nil {
		t.Fatal(err)
	}
	for at := range packed {
		changed := bytes.Clone(packed)
		changed[at] ^= 0x21
		m, err := Verify(bytes.NewReader(changed), nil)
		if err == nil && !bytes.Equal(encode(m), encode(want)) {
			t.Fatalf("byte %d of %d changed: it says %s", at, len(packed), encode(m))
		}
	}
	at := bytes.Index(packed, []byte("tabletable"))
	changed := bytes.Clone(packed)
	changed[at]++
	if _, err := Verify(bytes.NewReader(changed), nil); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), "000001.sst") {
		t.Errorf("a changed table: %v", err)
	}
}

// TestStrangersAreRefused: an archive cannot write outside of its directory.
func TestStrangersAreRefused(t *testing.T) {
	for _, name := range []string{"ledger/../x", "ledger/a/b", "/etc/passwd", "x", "ledger/..", `ledger/a\b`, "ledger/c:"} {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		p := &packer{tar: w, now: now}
		p.Title = title{Format: format}
		if err := errors.Join(p.text(titleName, encode(p.Title)), p.text(name, []byte("x")), p.text(manifestName, encode(p.Manifest)), w.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := Unpack(&out, t.TempDir(), nil); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{"nothing": "", "text": "hello", "a big text": strings.Repeat("hello", 1000)} {
		if _, err := Verify(strings.NewReader(text), nil); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALaterFormatIsRefused(t *testing.T) {
	packed := bytes.Replace(pack(t, sample), []byte(`"format": 1`), []byte(`"format": 2`), 1)
	if _, err := Verify(bytes.NewReader(packed), nil); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Error(err)
	}
}

// full is a writer that takes no more after some bytes.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f -= full(len(b)); *f < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func TestAFailedBackupLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "copy")
	room := full(1000)
	if err := Write(t.Context(), sample, dir, "v1", now, func() {}, &room, nil); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
	if err := Write(t.Context(), broken{}, dir, "v1", now, func() { t.Error("begun") }, io.Discard, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy stays: %v", err)
	}
}

// broken is a ledger that cannot be copied.
type broken struct{}

func (broken) Copy(context.Context, string, time.Time) ([]byte, error) {
	return nil, errors.ErrUnsupported
}
