package pebblestore

import (
	"testing"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/storetest"
)

func TestStore(t *testing.T) { runStoretest(t, Config{}) }

// TestStoreInTables: with so little memory, most is read from sorted tables, and
// a large call does not fit in memory at all.
func TestStoreInTables(t *testing.T) {
	runStoretest(t, Config{MemTableBytes: 16 << 10, CacheBytes: 1, segmentFacts: 7})
}

func runStoretest(t *testing.T, cfg Config) {
	storetest.Run(t, storetest.Subject{Open: func(t *testing.T, dir string) store.Store {
		s, err := Open(dir, cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
}

func BenchmarkCommit(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B, dir string) store.Store {
		s, err := Open(dir, Config{})
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}
