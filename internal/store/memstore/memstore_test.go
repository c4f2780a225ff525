package memstore

import (
	"testing"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Subject{
		Open:     func(*testing.T, string) store.Store { return New() },
		Volatile: true,
	})
}

func BenchmarkCommit(b *testing.B) {
	storetest.Benchmark(b, func(*testing.B, string) store.Store { return New() })
}
