package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/mistake"
)

// marketSource is where the marketplace comes from, at start, on SIGHUP and
// after a reset.
type marketSource struct {
	// name is for logs.
	name string
	// load reads it; nil: there is no source, and what the store has holds.
	load     func(now time.Time) (marketplace.State, error)
	override func(*marketplace.Settings)
}

func fileSource(path string, override func(*marketplace.Settings)) marketSource {
	return marketSource{path, func(now time.Time) (marketplace.State, error) { return catalog.Load(path, now) }, override}
}

// noting makes the source note, each time that it is read, which sellers it
// has. It is read by requests and signals at the same time.
func (s marketSource) noting(sellers *atomic.Pointer[[]metering.AccountID]) marketSource {
	load := s.load
	s.load = func(now time.Time) (marketplace.State, error) {
		state, err := load(now)
		var accounts []metering.AccountID
		for _, seller := range state.Sellers {
			accounts = append(accounts, seller.Account)
		}
		sellers.Store(&accounts)
		return state, err
	}
	return s
}

func (s marketSource) read(now time.Time) (marketplace.State, error) {
	state, err := s.load(now)
	s.override(&state.Settings)
	return state, err
}

// apply brings a ledger's marketplace up to the source.
func (s marketSource) apply(ctx context.Context, l *ledger.Ledger) (ledger.Applied, error) {
	if s.load == nil {
		settings := l.Market().Settings
		s.override(&settings)
		return l.Apply(ctx, marketplace.State{Settings: settings})
	}
	state, err := s.read(l.Clock().Now())
	if err != nil {
		return ledger.Applied{}, err
	}
	applied, err := l.Apply(ctx, state)
	if err != nil {
		return applied, fmt.Errorf("applying %s: %w", s.name, err)
	}
	return applied, nil
}

// reload applies the source again while the service runs. A bad one changes
// nothing; each of its mistakes is logged.
func (s marketSource) reload(ctx context.Context, l *ledger.Ledger, logger *slog.Logger) {
	applied, err := s.apply(ctx, l)
	var wrong *mistake.List
	switch {
	case err == nil:
		logger.Info("catalog applied", "source", s.name, "created", applied.Created, "changed", applied.Changed)
	case errors.As(err, &wrong):
		for _, m := range wrong.Mistakes {
			logger.Error("catalog mistake", "file", wrong.File, "line", m.Line, "column", m.Column, "path", m.Path, "text", m.Text)
		}
		logger.Error("catalog not applied; the marketplace stays as it was", "source", s.name, "mistakes", len(wrong.Mistakes)+wrong.Omitted)
	default:
		logger.Error("catalog not applied; the marketplace stays as it was", "source", s.name, "err", err)
	}
}
