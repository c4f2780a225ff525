package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/store"
)

// withLedger opens the ledger of a data directory that no service has open.
func withLedger(ctx context.Context, data string, use func(*ledger.Ledger) error) error {
	return withStore(data, func(s store.Store) error {
		l, err := ledger.Open(ctx, ledger.Config{Store: s})
		if err != nil {
			return err
		}
		return use(l)
	})
}

// withStore opens the store of a data directory that no service has open.
func withStore(data string, use func(store.Store) error) error {
	// Opening would make a ledger where none is.
	if _, err := os.Stat(ledgerDir(data)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no ledger", data)
	}
	s, err := openStore(data, slog.New(slog.DiscardHandler), newMetrics())
	if inUse := new(dataInUse); errors.As(err, &inUse) {
		return fmt.Errorf("another meterd uses the data directory %s; stop that one, or ask it (--admin-url) where the command can", data)
	}
	if err != nil {
		return err
	}
	return errors.Join(use(s), s.Close())
}
