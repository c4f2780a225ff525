package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/store/pebblestore"
)

// withLedger opens the ledger of a data directory that no service has open.
func withLedger(ctx context.Context, data string, use func(*ledger.Ledger) error) error {
	// Opening would make a ledger where none is.
	if _, err := os.Stat(ledgerDir(data)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no ledger", data)
	}
	s, err := openStore(data, slog.New(slog.DiscardHandler), newMetrics())
	if errors.Is(err, pebblestore.ErrLocked) {
		return fmt.Errorf("%w; ask the service that runs there with --admin-url instead of --data", err)
	}
	if err != nil {
		return err
	}
	l, err := ledger.Open(ctx, ledger.Config{Store: s})
	if err == nil {
		err = use(l)
	}
	return errors.Join(err, s.Close())
}
