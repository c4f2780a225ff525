package pgstore

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
	"github.com/meterd/meterd/internal/store/storetest"
)

func TestStore(t *testing.T) {
	var mu sync.Mutex
	urls := map[string]string{}
	storetest.Run(t, storetest.Subject{Open: func(t *testing.T, dir string) store.Store {
		mu.Lock()
		defer mu.Unlock()
		if urls[dir] == "" {
			urls[dir] = pgtest.Database(t)
		}
		return mustOpen(t, urls[dir], Config{})
	}})
}

// busyPatience is that of stores whose test says nothing of it. A database that
// is slow because the machine is busy is not what they test.
const busyPatience = time.Minute

// mustOpen opens a store that is closed at the end, if it is not before.
func mustOpen(t testing.TB, url string, cfg Config) *Store {
	t.Helper()
	if cfg.Patience == 0 {
		cfg.Patience = busyPatience
	}
	s, err := Open(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}
