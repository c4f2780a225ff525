// Package retention drops old detail from a ledger and keeps what must not be lost:
// where the chains of calls were cut, signed, and what was used in each month.
//
// The room knows no rule: which hours are old is told to it. It may drop nothing
// that is not first counted, durably.
package retention

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/checkpoint"
	"github.com/meterd/meterd/internal/store"
)

// keyCut is the row of store.TableLedger that has the Cut.
const keyCut = "retention"

// Cut is what a ledger knows of what it has dropped. The zero Cut has dropped
// nothing.
type Cut struct {
	// Hour is the first of which records are kept.
	Hour store.Hour `json:"hour"`
	// Dropping is set from when all is counted until all is dropped: the facts
	// of hours before it, and the calls up to the heads. Until then some of
	// them may still be there.
	Dropping store.Hour `json:"dropping,omitempty"`
	// Checkpoint has the newest dropped calls as its heads, signed by the
	// ledger. What comes behind them is proven from them on.
	Checkpoint string `json:"checkpoint"`
	// Created counts, by kind, the facts of no hour that the dropped calls have
	// created. They stay.
	Created map[string]uint64 `json:"created,omitempty"`
	// Months has the digest of each month's sums.
	Months map[string]string `json:"months,omitempty"`

	// heads are those of Checkpoint, by shard.
	heads map[uint16]store.Head
	// version is that of the row.
	version uint64
}

// Read reads a ledger's Cut.
func Read(ctx context.Context, s store.Store) (*Cut, error) {
	c := &Cut{Created: map[string]uint64{}, Months: map[string]string{}, heads: map[uint16]store.Head{}}
	for row, err := range s.Rows(ctx, store.TableLedger) {
		if err != nil {
			return nil, fmt.Errorf("reading what was dropped: %w", err)
		}
		if row.Key != keyCut {
			continue
		}
		c.version = row.Version
		if err := json.Unmarshal(row.Value, c); err != nil {
			return nil, fmt.Errorf("reading what was dropped: %w", err)
		}
		signed, err := checkpoint.Parse([]byte(c.Checkpoint))
		if err != nil {
			return nil, fmt.Errorf("reading what was dropped: %w", err)
		}
		for _, head := range signed.Heads {
			c.heads[head.Call.Shard()] = head
		}
	}
	return c, nil
}

// Head returns the newest dropped call of a shard; its number is 0 if there is
// none.
func (c *Cut) Head(shard uint16) store.Head {
	if head, ok := c.heads[shard]; ok {
		return head
	}
	return store.Head{Call: store.NewCallID(shard, 0)}
}

// HasDropped reports whether a call was, or is about to be, dropped.
func (c *Cut) HasDropped(id store.CallID) bool { return id <= c.Head(id.Shard()).Call }

// Time is when the first hour begins of which records are kept.
func (c *Cut) Time() time.Time { return time.Unix(int64(c.Hour)*3600, 0).UTC() }

// Equal reports whether nothing was dropped between the readings of two Cuts.
func (c *Cut) Equal(d *Cut) bool { return c.version == d.version }

// row is the Cut as it is written.
func (c *Cut) row() (store.Row, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return store.Row{}, fmt.Errorf("encoding what was dropped: %w", err)
	}
	return store.Row{Table: store.TableLedger, Key: keyCut, Value: text, Version: c.version}, nil
}
