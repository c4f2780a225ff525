package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/store"
)

// withLedger opens the ledger of a data directory that no service has open.
func withLedger(ctx context.Context, data string, use func(*ledger.Ledger) error) error {
	return withLedgerAt(ctx, place{data: data}, use)
}

// withLedgerAt opens the ledger of a place.
func withLedgerAt(ctx context.Context, at place, use func(*ledger.Ledger) error) error {
	return withStore(ctx, at, func(s store.Store) error {
		l, err := ledger.Open(ctx, ledger.Config{Store: s})
		if err != nil {
			return err
		}
		return use(l)
	})
}

// withStore opens a store that no service has open.
func withStore(ctx context.Context, at place, use func(store.Store) error) error {
	at.existing = true
	s, err := openStore(ctx, at, slog.New(slog.DiscardHandler), newMetrics())
	if inUse := new(dataInUse); errors.As(err, &inUse) {
		return fmt.Errorf("another meterd uses the data directory %s; stop that one, or ask it (--admin-url) where the command can", at.data)
	}
	if err != nil {
		return err
	}
	return errors.Join(use(s), s.Close())
}
