package ledger

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/checkpoint"
	"github.com/meterd/meterd/internal/store"
)

// keyCheckpoint is where the key stands that signs checkpoints. It is drawn when
// the first is asked for, and belongs to the ledger as the record ids' secret
// does: it moves with it.
const keyCheckpoint = "checkpoint-key"

// Checkpoint returns where the ledger stands, and the text that an auditor keeps.
func (l *Ledger) Checkpoint(ctx context.Context, now time.Time) (checkpoint.Checkpoint, []byte, error) {
	private, err := l.checkpointKey(ctx)
	if err != nil {
		return checkpoint.Checkpoint{}, nil, err
	}
	heads, err := l.store.Heads(ctx)
	if err != nil {
		return checkpoint.Checkpoint{}, nil, fmt.Errorf("reading heads: %w", err)
	}
	c := checkpoint.Checkpoint{Time: now.UTC().Truncate(time.Second), Heads: heads, Key: private.Public().(ed25519.PublicKey)}
	return c, checkpoint.Sign(c, private), nil
}

// Copy writes a copy of the store into a new directory while calls go on, and
// returns a checkpoint that the copy reaches.
func (l *Ledger) Copy(ctx context.Context, dir string, now time.Time) ([]byte, error) {
	_, text, err := l.Checkpoint(ctx, now)
	if err == nil {
		err = l.store.Checkpoint(ctx, dir)
	}
	return text, err
}

func (l *Ledger) checkpointKey(ctx context.Context) (ed25519.PrivateKey, error) {
	_, fresh, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the checkpoint key: %w", err)
	}
	text, err := checkpoint.FormatPrivate(fresh)
	if err != nil {
		return nil, err
	}
	standing, err := l.createRow(ctx, store.Row{Table: tableLedger, Key: keyCheckpoint, Value: text})
	if err != nil {
		return nil, err
	}
	return checkpoint.ParsePrivate(standing)
}

// ErrNoKey is returned by CheckpointKey for a ledger that never signed.
var ErrNoKey = errors.New("the ledger has no key: it has never signed a checkpoint")

// CheckpointKey returns the public key by which a store's ledger signs, without
// making one.
func CheckpointKey(ctx context.Context, s store.Store) (ed25519.PublicKey, error) {
	for row, err := range s.Rows(ctx, tableLedger) {
		if err != nil {
			return nil, fmt.Errorf("reading the checkpoint key: %w", err)
		}
		if row.Key == keyCheckpoint {
			private, err := checkpoint.ParsePrivate(row.Value)
			if err != nil {
				return nil, err
			}
			return private.Public().(ed25519.PublicKey), nil
		}
	}
	return nil, ErrNoKey
}
