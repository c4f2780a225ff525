// Package ledger is where clock, rules, store and audit trail meet: one method
// per operation of the service, and those that operators and consoles need.
//
// Every operation goes the same way: a snapshot of the marketplace and the
// time are drawn once ([Ledger.Begin]), the rules judge, what is to be told
// becomes facts, facts and the call's audit entry are committed as one unit,
// and the store's decisions become verdicts. Decisions therefore follow from
// the request, the snapshot, now and earlier facts alone.
//
// The package knows no HTTP and no exception names: it answers with verdicts,
// *metering.Refusal, or an error that is a fault.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/retention"
	"github.com/meterd/meterd/internal/store"
)

// Config is what a ledger needs.
type Config struct {
	// Store keeps the ledger. The caller closes it, after the ledger's last call.
	Store store.Store
	// Clock is the service's; nil: the machine's.
	Clock *clock.Clock
	// Logger is told of faults; nil: none are logged.
	Logger *slog.Logger
}

// Ledger answers the operations of the service. It is safe for concurrent use.
type Ledger struct {
	store  store.Store
	clock  *clock.Clock
	logger *slog.Logger

	market  atomic.Pointer[snapshot]
	ids     recordIDs
	signers signers

	// kept is the first hour of which records are kept.
	kept atomic.Uint32

	// applying orders changes of the marketplace.
	applying sync.Mutex

	// resetting is held for reading by calls that are recorded, so that none
	// ends up in a trail that lacks the names it has said before.
	resetting sync.RWMutex
}

// Call is one call of an operation: what was drawn at its start and who makes
// it. Begin fills At and Market, the caller the rest.
type Call struct {
	At     time.Time
	Market *marketplace.Market

	Principal marketplace.Principal
	// Region is the one whose endpoint was called.
	Region    metering.Region
	RequestID string
	SourceIP  string
	UserAgent string

	// drawn is where Market is from.
	drawn *snapshot
}

// Open makes a ledger over a store: over an empty one, it writes what a ledger
// must know of itself; over another, it reads it.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	l := &Ledger{store: cfg.Store, clock: cfg.Clock, logger: cfg.Logger}
	if l.clock == nil {
		l.clock = new(clock.Clock)
	}
	if l.logger == nil {
		l.logger = slog.New(slog.DiscardHandler)
	}
	l.signers = signers{byKey: map[keyName]*signer{}, texts: map[keyName]string{}}
	if err := l.load(ctx); err != nil {
		return nil, fmt.Errorf("opening ledger: %w", err)
	}
	return l, nil
}

func (l *Ledger) load(ctx context.Context) error {
	if err := store.Whole(ctx, l.store); err != nil {
		return err
	}
	secret, err := l.secret(ctx)
	if err != nil {
		return err
	}
	if l.ids, err = newRecordIDs(secret); err != nil {
		return err
	}
	if err := l.reread(ctx); err != nil {
		return err
	}
	cut, err := retention.Read(ctx, l.store)
	if err != nil {
		return err
	}
	l.raiseKept(cut.Hour)
	return nil
}

// Begin draws the time and the marketplace for one call.
func (l *Ledger) Begin() Call {
	s := l.market.Load()
	return Call{At: l.clock.Now(), Market: s.market, drawn: s}
}

// Market returns the marketplace as it stands.
func (l *Ledger) Market() *marketplace.Market { return l.market.Load().market }

// Clock returns the service's clock.
func (l *Ledger) Clock() *clock.Clock { return l.clock }

// Stats returns the gauges of the store.
func (l *Ledger) Stats() store.Stats { return l.store.Stats() }

// commit stores facts and entry, and turns the store's fault into one that
// names the operation.
func (l *Ledger) commit(ctx context.Context, r *store.Request) error {
	if err := l.checkKept(r.Facts); err != nil {
		return fmt.Errorf("committing call: %w", err)
	}
	err := l.store.Commit(ctx, r)
	if errors.Is(err, store.ErrUnknownOutcome) {
		l.logger.Error("commit outcome unknown", "err", err)
	}
	if err != nil {
		return fmt.Errorf("committing call: %w", err)
	}
	return nil
}
