package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/store"
)

// followPause is how long a change of the marketplace by another process may
// stay unknown to this one, beside the time it takes to read it.
const followPause = 250 * time.Millisecond

// Follow takes over what other processes do to the marketplace of a store that
// they share, until ctx ends.
func (l *Ledger) Follow(ctx context.Context, shared store.Shared) {
	tick := time.NewTicker(followPause)
	defer tick.Stop()
	var known uint64
	lost := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		version, err := shared.TableVersion(ctx, tableMarket)
		if err == nil && version != known {
			if err = l.reread(ctx); err == nil {
				known = version
			}
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && !lost {
			l.logger.Warn("the marketplace cannot be read; what other services change of it goes unnoticed until it can", "err", err)
		}
		lost = err != nil
	}
}

// reread swaps the marketplace for the one in the store. It waits for a change
// of this process, so that it does not undo one. The other process may have reset
// the ledger, so all names are said again, and signing keys are looked for again.
func (l *Ledger) reread(ctx context.Context) error {
	l.applying.Lock()
	defer l.applying.Unlock()
	state, _, err := l.readMarket(ctx)
	if err != nil {
		return err
	}
	market, err := marketplace.NewMarket(state)
	if err != nil {
		return fmt.Errorf("reading marketplace: %w", err)
	}
	l.signers.forget()
	l.market.Store(newSnapshot(market, new(sync.Map)))
	return nil
}
