package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/store"
)

// witness is a small file beside the database that says how far the ledger went
// when somebody was answered last. Pebble takes damage at the end of its log, or
// anywhere in its list of files, for something that a power cut has torn, and
// goes on without what follows; the chain of what is left is whole. The witness
// knows that there was more.
//
// It is written once the disk has confirmed a group, before anybody is answered,
// and it is not synced: a killed process leaves it exact, a power cut some
// seconds behind. It is never ahead of the log. It has two places that are
// written in turn, so that one is whole when the other is torn.
type witness struct {
	file vfs.File
	log  *slog.Logger
	// place is the one that is written next.
	place int64
	// silent says that it was told that the file cannot be written.
	silent bool
}

// extent is how far a ledger goes.
type extent struct {
	// head is its last call.
	head store.Head
	// changes counts the groups that wrote anything else than calls.
	changes uint64
}

// A place of the file holds, behind each other:
//
//	checksum  u32, CRC-32C of all that follows
//	format    u8   1
//	call      u64
//	hash      32
//	changes   u64
//
// All integers are little endian. A place of zeros was never written.
const (
	witnessFile   = "head"
	witnessFormat = 1
	extentBytes   = 4 + 1 + 8 + len(store.Head{}.Hash) + 8
	placeBytes    = 64
	places        = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openWitness opens the file, or makes it, and returns what it says; nothing if
// it was lost or never written.
func openWitness(fs vfs.FS, path string, log *slog.Logger) (*witness, extent, error) {
	file, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, extent{}, fmt.Errorf("opening the witness: %w", err)
	}
	w := &witness{file: file, log: log}
	said, err := w.read()
	if err != nil {
		return nil, extent{}, errors.Join(fmt.Errorf("reading the witness %s: %w", path, err), file.Close())
	}
	return w, said, nil
}

// read returns the newer of what the two places say, and has the other one
// written next.
func (w *witness) read() (newest extent, err error) {
	b := make([]byte, places*placeBytes)
	if n, err := w.file.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return extent{}, err
	} else if n < len(b) {
		return extent{}, w.clear()
	}
	damaged := 0
	for place := range int64(places) {
		said, ok := decodeExtent(b[place*placeBytes:])
		if !ok {
			damaged++
			w.place = place
			continue
		}
		if said.isBehind(newest) {
			continue
		}
		newest = said
		if damaged == 0 {
			w.place = 1 - place
		}
	}
	if damaged == places {
		return extent{}, fmt.Errorf("both halves: %w; remove the file, and have meterd check prove what is there", store.ErrDamaged)
	}
	if damaged > 0 {
		w.log.Warn("one half of the witness is damaged, as after a power cut; the other is used")
	}
	return newest, nil
}

func (e extent) isBehind(f extent) bool {
	return e.head.Call < f.head.Call || e.head.Call == f.head.Call && e.changes < f.changes
}

// clear makes the file say nothing, durably.
func (w *witness) clear() error {
	if _, err := w.file.WriteAt(make([]byte, places*placeBytes), 0); err != nil {
		return fmt.Errorf("clearing the witness: %w", err)
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("clearing the witness: %w", err)
	}
	return nil
}

// write makes the file say how far the ledger goes. If that fails the other place
// still says what was true before, so that nothing but attention is lost.
func (w *witness) write(e extent) {
	_, err := w.file.WriteAt(appendExtent(make([]byte, 0, extentBytes), e), w.place*placeBytes)
	if err == nil {
		w.place = 1 - w.place
	} else if !w.silent {
		w.log.Warn("the witness cannot be written; what is acknowledged from now on can be lost unnoticed", "error", err)
	}
	w.silent = err != nil
}

func appendExtent(b []byte, e extent) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, witnessFormat)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.head.Call))
	b = append(b, e.head.Hash[:]...)
	b = binary.LittleEndian.AppendUint64(b, e.changes)
	binary.LittleEndian.PutUint32(b[start:], crc32.Checksum(b[start+4:], castagnoli))
	return b
}

// decodeExtent reads a place.
func decodeExtent(place []byte) (e extent, ok bool) {
	b := place[:extentBytes]
	if string(b) == string(make([]byte, extentBytes)) {
		return e, true
	}
	if binary.LittleEndian.Uint32(b) != crc32.Checksum(b[4:], castagnoli) || b[4] != witnessFormat {
		return e, false
	}
	e.head.Call = store.CallID(binary.LittleEndian.Uint64(b[5:]))
	hash := copy(e.head.Hash[:], b[13:])
	e.changes = binary.LittleEndian.Uint64(b[13+hash:])
	return e, true
}
