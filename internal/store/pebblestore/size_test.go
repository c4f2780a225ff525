package pebblestore

import (
	"testing"

	"github.com/meterd/meterd/internal/store"
)

// bytesPerRecordMax is what a record may take on disk, with its share of the call
// that told it, if a call tells 25.
const bytesPerRecordMax = 90

// TestBytesPerRecord measures a ledger that has come to rest.
func TestBytesPerRecord(t *testing.T) {
	const records = 50_000
	d := newDisk()
	s := d.open(t, Config{})
	r := &store.Request{Facts: make([]store.Fact, growthBatch), Call: make([]byte, growthEntry)}
	for i := range records / growthBatch {
		fillGrowth(r, i, records/growthBatch, true)
		for k := range r.Call {
			r.Call[k] = byte(i * k) // Nothing that would compress to nothing.
		}
		commit(t, s, r)
	}
	indexNow(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// An opening turns what is left of Pebble's log into a table.
	s = d.open(t, Config{})
	total := float64(s.Stats().Bytes) / records
	facts, err := s.db.EstimateDiskUsage([]byte{firstKind}, []byte{lastKind + 1})
	if err != nil {
		t.Fatal(err)
	}
	calls, err := s.db.EstimateDiskUsage([]byte{callPrefix}, []byte{callPrefix + 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f bytes per record on disk: %.1f of its fact, %.1f of its share of the call",
		total, float64(facts)/records, float64(calls)/records)
	if total > bytesPerRecordMax {
		t.Errorf("%.1f bytes per record, want at most %d", total, bytesPerRecordMax)
	}
}
