package sender

import (
	"context"
	"log/slog"
	"time"

	"github.com/meterd/meterd/internal/outbox"
)

// Turn does what the time asks of an outbox: it freezes the hours that are over
// for as long as settle, and makes dead letters of records that the service does
// not take any more. It returns how many records are to be sent that were not
// before.
func Turn(ctx context.Context, o *outbox.Outbox, now time.Time, settle time.Duration, logger *slog.Logger) (frozen int, err error) {
	if frozen, err = o.Freeze(ctx, now, settle); err != nil {
		return frozen, err
	}
	if frozen > 0 {
		logger.Info("hours frozen", "records", frozen)
	}
	expired, err := o.Expire(ctx, now)
	if expired > 0 {
		logger.Error("records could not be sent in time and are dead letters", "records", expired)
	}
	return frozen, err
}
