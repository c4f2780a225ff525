// Package checkpoint is what an auditor keeps of a ledger: its newest calls, at a
// time, signed by the ledger. Whoever has one can tell later that history was only
// appended to, and can show that the ledger itself once said so.
//
// The room is pure: it draws no time, no key and no head, and reads no store.
package checkpoint

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// Checkpoint says where a ledger stood.
type Checkpoint struct {
	// Time is when, in whole seconds.
	Time time.Time
	// Heads are the newest calls of its shards, in their order; none: it had
	// no call.
	Heads []store.Head
	// Key is the public key of the ledger.
	Key ed25519.PublicKey
}

// title leads the text of a checkpoint; another layout takes another number.
const title = "meterd checkpoint 1"

var (
	// ErrForm is returned by Parse for what Sign does not write.
	ErrForm = errors.New("not a checkpoint as meterd writes it")
	// ErrSignature is returned by Parse for a checkpoint that was changed.
	ErrSignature = errors.New("the checkpoint's signature does not fit: it was changed after it was signed")
)

// Sign writes the checkpoint and signs it:
//
//	meterd checkpoint 1
//	time 2026-11-22T05:30:00Z
//	head 1042:5d1f…          one for each shard
//	key 63a9…                Ed25519, in hex
//	signature 9c01…          of all lines before it, in hex
//
// It is text, so that it survives a mail and a printer. Key is the one that
// belongs to the private one.
func Sign(c Checkpoint, private ed25519.PrivateKey) []byte {
	c.Key, _ = private.Public().(ed25519.PublicKey)
	text := c.lines()
	return fmt.Appendf(text, "signature %x\n", ed25519.Sign(private, text))
}

// lines is what is signed.
func (c *Checkpoint) lines() []byte {
	text := fmt.Appendf(nil, "%s\ntime %s\n", title, c.Time.UTC().Format(time.RFC3339))
	for _, head := range c.Heads {
		text = fmt.Appendf(text, "head %s\n", head)
	}
	return fmt.Appendf(text, "key %x\n", []byte(c.Key))
}

// Parse reads what Sign wrote and verifies that the key in it has signed it.
// Whether that is the right key is for the caller to judge. Line ends may have
// become those of Windows, and blanks may have come before or behind.
func Parse(text []byte) (*Checkpoint, error) {
	text = append(bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), '\n')
	at := bytes.LastIndex(text, []byte("\nsignature ")) + 1
	signature, err := hex.DecodeString(strings.TrimSpace(strings.TrimPrefix(string(text[at:]), "signature ")))
	if at == 0 || err != nil || len(signature) != ed25519.SignatureSize {
		return nil, ErrForm
	}
	c := new(Checkpoint)
	for i, line := range strings.Split(string(text[:at-1]), "\n") {
		if err := c.read(i, line); err != nil {
			return nil, err
		}
	}
	// There is one form only, so that two texts never say the same.
	if len(c.Key) != ed25519.PublicKeySize || !bytes.Equal(c.lines(), text[:at]) {
		return nil, ErrForm
	}
	if !ed25519.Verify(c.Key, text[:at], signature) {
		return nil, ErrSignature
	}
	return c, nil
}

// read reads one line.
func (c *Checkpoint) read(i int, line string) (err error) {
	word, value, _ := strings.Cut(line, " ")
	switch {
	case i == 0 && line == title:
	case i == 0:
		err = ErrForm
	case word == "time":
		c.Time, err = time.Parse(time.RFC3339, value)
	case word == "head":
		var head store.Head
		head, err = store.ParseHead(value)
		c.Heads = append(c.Heads, head)
	case word == "key":
		c.Key, err = hex.DecodeString(value)
	default:
		err = fmt.Errorf("line %d is unknown", i+1)
	}
	if err != nil && !errors.Is(err, ErrForm) {
		err = fmt.Errorf("%w: %w", ErrForm, err)
	}
	return err
}
