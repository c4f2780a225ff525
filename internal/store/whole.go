package store

import (
	"context"
	"errors"
	"fmt"
)

// KeyImporting is the row of TableLedger that stands, with a value, while a
// ledger is being filled from another one.
const KeyImporting = "importing"

// ErrHalf is returned by Whole for a ledger that holds only a part of another.
var ErrHalf = errors.New("this is half a ledger: its import was broken off or is still running. Empty the place, and import again")

// Whole refuses a store whose import has not come to its end. Whoever opens a
// ledger for anything but that asks it first.
func Whole(ctx context.Context, s Store) error {
	for row, err := range s.Rows(ctx, TableLedger) {
		if err != nil {
			return fmt.Errorf("reading whether the ledger is whole: %w", err)
		}
		if row.Key == KeyImporting && len(row.Value) > 0 {
			return ErrHalf
		}
	}
	return nil
}
