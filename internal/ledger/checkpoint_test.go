package ledger

import (
	"errors"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/checkpoint"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

func TestCheckpoint(t *testing.T) {
	s := memstore.New()
	l, err := Open(t.Context(), Config{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CheckpointKey(t.Context(), s); !errors.Is(err, ErrNoKey) {
		t.Errorf("the key of a ledger that never signed: %v", err)
	}
	now := time.Date(2026, 11, 22, 5, 30, 0, 999, time.FixedZone("", 3600))
	var texts []string
	for range 2 {
		if err := s.Commit(t.Context(), new(store.Request)); err != nil {
			t.Fatal(err)
		}
		made, text, err := l.Checkpoint(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		read, err := checkpoint.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		heads, err := s.Heads(t.Context())
		if err != nil || len(read.Heads) != 1 || read.Heads[0] != heads[0] || made.Heads[0] != heads[0] {
			t.Errorf("heads %v in a checkpoint of %v, %v", read.Heads, heads, err)
		}
		if !read.Time.Equal(now.Truncate(time.Second)) {
			t.Errorf("made at %s, says %s", now, read.Time)
		}
		key, err := CheckpointKey(t.Context(), s)
		if err != nil || !key.Equal(read.Key) {
			t.Errorf("signed by %x, and the ledger's is %x, %v", read.Key, key, err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] == texts[1] {
		t.Error("a call more, and the same checkpoint")
	}
}
