package pebblestore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/store"
)

// edit changes a file of a disk.
func (d *disk) edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	file, err := d.mem.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, info.Size())
	if _, err := file.ReadAt(content, 0); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	file, err = d.mem.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(change(content)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// files are those of a ledger whose names match.
func (d *disk) files(t *testing.T, matches func(string) bool) (paths []string) {
	t.Helper()
	names, err := d.mem.List("ledger")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, name := range names {
		if matches(name) {
			paths = append(paths, "ledger/"+name)
		}
	}
	return paths
}

func isTableName(name string) bool { return strings.HasSuffix(name, ".sst") }
func isLogName(name string) bool   { return strings.HasSuffix(name, ".log") }
func isManifestName(name string) bool {
	return strings.HasPrefix(name, "MANIFEST-")
}

// killedDisk is the disk of a killed process whose ledger has calls in tables and
// calls in the log.
func killedDisk(t *testing.T) *disk {
	t.Helper()
	d := sortedTable(t, 3)
	s := d.open(t, Config{})
	for i := range 3 {
		commit(t, s, request(testFact(10+i)))
	}
	return d.powerCut(100, 0)
}

// TestWhatWasAcknowledgedIsMissed takes from a ledger, in ways that Pebble takes
// for a torn write, what it had acknowledged: it is refused, and nothing of what
// is there is deleted.
func TestWhatWasAcknowledgedIsMissed(t *testing.T) {
	for name, harm := range map[string]struct {
		of      func(string) bool
		change  func([]byte) []byte
		refused bool
	}{
		"the last call's last byte is another": {isLogName, func(b []byte) []byte {
			last := len(b) - 1
			for b[last] == 0 {
				last-- // behind the log is room for more
			}
			b[last] ^= 1
			return b
		}, true},
		"the log is cut":               {isLogName, func(b []byte) []byte { return b[:40] }, true},
		"the list of files is damaged": {isManifestName, func(b []byte) []byte { b[40] ^= 1; return b }, true},
		// The last change only said that an older log, which is there, is not needed.
		"the list of files is cut": {isManifestName, func(b []byte) []byte { return b[:len(b)-3] }, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := killedDisk(t)
			victims := d.files(t, harm.of)
			d.edit(t, victims[len(victims)-1], harm.change)
			tables, logs := d.files(t, isTableName), d.files(t, isLogName)
			for range 2 {
				if !harm.refused {
					break
				}
				_, err := Open("ledger", Config{fs: d.fs()})
				if !errors.Is(err, ErrCutShort) && !errors.Is(err, store.ErrDamaged) {
					t.Fatalf("the ledger is opened with %v", err)
				}
			}
			for _, path := range slices.Concat(tables, logs) {
				if _, err := d.mem.Stat(path); err != nil {
					t.Errorf("%s is gone: %v", path, err)
				}
			}
			if harm.refused {
				return
			}
			if _, calls, err := contents(d.open(t, Config{})); err != nil || len(calls) != 6 {
				t.Errorf("there are %d calls (%v)", len(calls), err)
			}
		})
	}
}

// TestALostFile: without any one of its files a ledger is refused, or it is what
// it was.
func TestALostFile(t *testing.T) {
	all := killedDisk(t).files(t, func(string) bool { return true })
	refused := 0
	for i := range all {
		d := killedDisk(t)
		path := d.files(t, func(string) bool { return true })[i]
		if err := d.mem.Remove(path); err != nil {
			t.Fatal(err)
		}
		s, err := Open("ledger", Config{fs: d.fs()})
		if err != nil {
			refused++
			continue
		}
		if _, calls, err := contents(s); err != nil || len(calls) != 6 {
			t.Errorf("without %s there are %d calls (%v)", path, len(calls), err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("without %s: %v", path, err)
		}
	}
	if refused == 0 || refused == len(all) {
		t.Errorf("of %d files, %d are needed", len(all), refused)
	}
}

// TestWithoutItsWitness: who removes the file goes on with what there is.
func TestWithoutItsWitness(t *testing.T) {
	d := killedDisk(t)
	logs := d.files(t, isLogName)
	d.edit(t, logs[len(logs)-1], func(b []byte) []byte { return b[:40] })
	refuses := func() bool {
		_, err := Open("ledger", Config{fs: d.fs()})
		return errors.Is(err, ErrCutShort) && strings.Contains(err.Error(), "call 6 was acknowledged")
	}
	if !refuses() {
		t.Fatal("a ledger that was cut short is opened")
	}
	if err := d.mem.Remove("ledger/" + witnessFile); err != nil {
		t.Fatal(err)
	}
	_, calls, err := contents(d.open(t, Config{}))
	if err != nil || len(calls) < 3 || len(calls) > 5 {
		t.Errorf("%d calls are left (%v)", len(calls), err)
	}
}

// TestChangesAreWitnessed: rows and names leave no call behind.
func TestChangesAreWitnessed(t *testing.T) {
	d := sortedTable(t, 3)
	s := d.open(t, Config{})
	if err := s.Put(context.Background(), []store.Row{{Table: "t", Key: "k"}}); err != nil {
		t.Fatal(err)
	}
	killed := d.powerCut(100, 0)
	logs := killed.files(t, isLogName)
	killed.edit(t, logs[len(logs)-1], func(b []byte) []byte { return b[:len(b)/3] })
	if _, err := Open("ledger", Config{fs: killed.fs()}); !errors.Is(err, ErrCutShort) {
		t.Errorf("a ledger without its last row is opened with %v", err)
	}
}

// TestAWitnessThatIsBehind: after a power cut the witness may say what was true
// before, or one half of it may be torn. Neither keeps the ledger closed.
func TestAWitnessThatIsBehind(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"old":        func(b []byte) []byte { return append(appendExtent(nil, extent{}), make([]byte, 100)...) },
		"empty":      func([]byte) []byte { return nil },
		"first torn": func(b []byte) []byte { b[20]++; return b },
		"other torn": func(b []byte) []byte { b[placeBytes+20]++; return b },
	} {
		d := killedDisk(t)
		d.edit(t, "ledger/"+witnessFile, change)
		s := d.open(t, Config{})
		commit(t, s, request(testFact(20)))
		killed := d.powerCut(100, 0)
		if _, calls, err := contents(killed.open(t, Config{})); err != nil || len(calls) != 7 {
			t.Errorf("%s: %d calls (%v)", name, len(calls), err)
		}
	}
	d := killedDisk(t)
	d.edit(t, "ledger/"+witnessFile, func(b []byte) []byte { b[20]++; b[placeBytes+20]++; return b })
	if _, err := Open("ledger", Config{fs: d.fs()}); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), witnessFile) {
		t.Errorf("with both halves damaged it is opened with %v", err)
	}
}

// TestResetIsWitnessed: calls that are to be forgotten are not missed, whenever
// the power is cut.
func TestResetIsWitnessed(t *testing.T) {
	d := sortedTable(t, 3)
	s := d.open(t, Config{})
	if err := s.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, kept := range []int{0, 50, 100} {
		if _, calls, err := contents(d.powerCut(kept, 1).open(t, Config{})); err != nil || len(calls) != 0 {
			t.Errorf("%d%% kept: %d calls (%v)", kept, len(calls), err)
		}
	}
	commit(t, s, request(testFact(1)))
	if _, calls, err := contents(d.powerCut(100, 1).open(t, Config{})); err != nil || len(calls) != 1 {
		t.Errorf("behind a reset: %d calls (%v)", len(calls), err)
	}
}
