package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/checkpoint"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/store"
)

// kept is what somebody has kept of a ledger.
type kept struct {
	// heads are those that were given, and those of the checkpoints.
	heads []store.Head
	// checkpoints are by the file that they were read from.
	checkpoints map[string]*checkpoint.Checkpoint
	// key must have signed them; nil: the ledger's own.
	key ed25519.PublicKey
}

// readKept reads the values of --since, each a head or a file with a checkpoint.
func readKept(since []string, keyFile string) (k kept, err error) {
	k.checkpoints = map[string]*checkpoint.Checkpoint{}
	if keyFile != "" && len(since) == 0 {
		return k, usagef("--key %s proves nothing by itself; name a checkpoint that the key has signed with --since", keyFile)
	}
	if keyFile != "" {
		text, err := os.ReadFile(keyFile)
		if err == nil {
			k.key, err = checkpoint.ParsePublic(text)
		}
		if err != nil {
			return k, usagef("--key: reading %s, which 'meterd checkpoint --public-key' would have written: %w", keyFile, err)
		}
	}
	for _, text := range since {
		if head, err := store.ParseHead(text); err == nil {
			k.heads = append(k.heads, head)
			continue
		}
		c, err := readCheckpoint(text)
		if err != nil {
			return k, usagef("--since %q is neither a head such as 1042:5d1f… with 64 hex digits, which 'meterd check' prints, nor a file with a checkpoint: %w", text, err)
		}
		k.checkpoints[text] = c
		k.heads = append(k.heads, c.Heads...)
	}
	return k, nil
}

// readCheckpoint reads a file that 'meterd checkpoint' has written, as text or as
// JSON. A checkpoint whose signature does not fit is refused.
func readCheckpoint(file string) (*checkpoint.Checkpoint, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		var answer admin.Checkpoint
		if err := json.Unmarshal(text, &answer); err != nil {
			return nil, err
		}
		text = []byte(answer.Checkpoint)
	}
	return checkpoint.Parse(text)
}

// verify refuses checkpoints that another key has signed than must have.
func (k *kept) verify(ctx context.Context, s store.Store) error {
	if len(k.checkpoints) == 0 {
		return nil
	}
	key, whose := k.key, "the key of --key"
	if key == nil {
		var err error
		if key, err = ledger.CheckpointKey(ctx, s); err != nil {
			return err
		}
		whose = "the ledger's own key"
	}
	for file, c := range k.checkpoints {
		if !c.Key.Equal(key) {
			return fmt.Errorf("the checkpoint in %s was signed by the key %x, and not by %s, %x: it is of another ledger, or a forgery", file, []byte(c.Key), whose, []byte(key))
		}
	}
	return nil
}
