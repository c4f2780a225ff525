package outbox

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/pebbledir"
)

func mustOpen(t *testing.T, dir string, cfg Config) *Outbox {
	t.Helper()
	o, err := Open(dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// refuses checks that a directory cannot be opened, for a reason, and that the
// error names it.
func refuses(t *testing.T, dir string, want error) {
	t.Helper()
	o, err := Open(dir, Config{})
	if err == nil {
		o.Close()
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), dir) {
		t.Errorf("opening: %v, want %v", err, want)
	}
}

func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "outbox")
	o := mustOpen(t, dir, Config{})
	refuses(t, dir, ErrLocked)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	refuses(t, link, ErrLocked)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, link, Config{})
}

func TestForeignDirectories(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.txt"), []byte("dear reader"), 0o666); err != nil {
		t.Fatal(err)
	}
	refuses(t, full, ErrForeign)
	if files, err := os.ReadDir(full); err != nil || len(files) != 1 {
		t.Errorf("%v (%v) are in the directory now", files, err)
	}

	foreign := t.TempDir()
	writeRaw(t, foreign, []byte("k"), []byte("v"))
	refuses(t, foreign, ErrForeign)

	// A ledger of the service is a Pebble database too.
	ledger := t.TempDir()
	writeRaw(t, ledger, []byte("mformat"), []byte{1})
	refuses(t, ledger, ErrForeign)

	fresh := t.TempDir()
	if err := os.Mkdir(filepath.Join(fresh, "lost+found"), 0o777); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, fresh, Config{})
}

func TestFormats(t *testing.T) {
	for name, test := range map[string]struct {
		mark []byte
		want error
	}{
		"newer":   {binary.AppendUvarint(nil, formatVersion+1), ErrNewer},
		"zero":    {[]byte{0}, errDamaged},
		"damaged": {[]byte{0x80}, errDamaged},
		"ours":    {binary.AppendUvarint(nil, formatVersion), nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := mustOpen(t, dir, Config{}).Close(); err != nil {
				t.Fatal(err)
			}
			writeRaw(t, dir, formatKey, test.mark)
			if test.want == nil {
				mustOpen(t, dir, Config{})
				return
			}
			refuses(t, dir, test.want)
			refuses(t, dir, test.want) // The first attempt let go of the lock.
		})
	}
}

func TestDamagedTablesAreNotOpened(t *testing.T) {
	for name, row := range map[string]struct{ key, value []byte }{
		"gap in keys":            {appendWord(nil, keyTable, 2), appendKeyNames(nil, &firstKey)},
		"key":                    {appendWord(nil, keyTable, 1), []byte{valueFormat, 0x80}},
		"account of no key":      {appendWord(nil, accountTable, 7), appendAccount(nil, new(account))},
		"account's key":          {[]byte{accountTable}, nil},
		"head of no key":         {appendPlace(nil, headTable, RecordID{1, 7}), appendHead(nil, new(head))},
		"sum of no hour":         {append(appendPlace(nil, sumTable, RecordID{1, 1}), "tags"...), appendSum(nil, 1)},
		"log of no key":          {appendSequence(nil, logTable, 1), appendAddition([]byte{valueFormat}, &addition{kind: told, key: 7})},
		"log of an unknown kind": {appendSequence(nil, logTable, 1), appendAddition([]byte{valueFormat}, &addition{kind: 99, key: 1})},
		"claim's key":            {[]byte{claimTable}, nil},
		"act's key":              {[]byte{actTable}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := mustOpen(t, dir, Config{}).Close(); err != nil {
				t.Fatal(err)
			}
			writeRaw(t, dir, row.key, row.value)
			refuses(t, dir, errDamaged)
		})
	}
}

// writeRaw writes to a directory's database past the outbox.
func writeRaw(t *testing.T, dir string, key, value []byte) {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{FormatMajorVersion: formatMajorVersion, Logger: pebbledir.Logger{Log: mustDefaults(t).Logger}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set(key, value, pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func mustDefaults(t *testing.T) Config {
	t.Helper()
	cfg, err := Config{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestCreationCutAnywhere: wherever the making of an outbox stops, the next
// opening makes it.
func TestCreationCutAnywhere(t *testing.T) {
	for step := int64(1); ; step++ {
		d := newDisk()
		var steps atomic.Int64
		d.on(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && steps.Add(1) >= step {
				return errorfs.ErrInjected
			}
			return nil
		})
		o, err := Open("outbox", Config{FS: d.fs()})
		if err == nil {
			o.Close() // It may fail, for the disk does by then.
		}
		for _, kept := range []int{0, 100} {
			add(t, d.powerCut(kept, uint64(step)).open(t, Config{}), noon, Accepted, event("e1", 1, noon))
		}
		if steps.Load() < step {
			if step < 20 {
				t.Errorf("an outbox was made in %d steps; this test saw too little", step)
			}
			return
		}
	}
}

func TestDefaults(t *testing.T) {
	cfg := mustDefaults(t)
	if cfg.Remember != DefaultRemember || cfg.Keep != DefaultKeep || cfg.Window.Age == 0 || cfg.termsOf(testKey(1)) != (Terms{Per: 1}) {
		t.Errorf("%+v", cfg)
	}
	cfg, err := Config{Remember: 1, Keep: 2, Terms: func(Key) Terms { return Terms{-1, -1} }}.withDefaults()
	if err != nil || cfg.Remember != rememberMin || cfg.Keep != rememberMin || cfg.termsOf(testKey(1)) != (Terms{Per: 1}) {
		t.Errorf("%+v (%v)", cfg, err)
	}
}

// TestDirectoriesOnDisk goes once through the real file system.
func TestDirectoriesOnDisk(t *testing.T) {
	dir := t.TempDir()
	o := mustOpen(t, dir, Config{})
	add(t, o, noon, Accepted, event("e1", 5, noon))
	stats, err := o.Stats(context.Background())
	if err != nil || stats.DiskBytes == 0 || stats.Keys != 1 || stats.OpenHours != 1 || stats.Totals.Open != 5 || stats.NoRoom != nil {
		t.Errorf("%+v (%v)", stats, err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = mustOpen(t, dir, Config{ReserveBytes: 1 << 62})
	if _, err := o.Add(context.Background(), []Event{event("e2", 5, noon)}, noon); !errors.Is(err, ErrNoRoom) {
		t.Errorf("with a reserve larger than the disk: %v", err)
	}
	if got := sound(t, o); got.Told != 5 {
		t.Errorf("%+v", got)
	}
}
