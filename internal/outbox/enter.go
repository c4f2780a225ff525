package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrClosed is returned by every method of a closed outbox.
var ErrClosed = errors.New("the outbox is closed")

// enter begins every method that uses the engine; after nil, leave must follow.
func (o *Outbox) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !o.gate.Enter() {
		return ErrClosed
	}
	return nil
}

// yearMin and yearMax bound now. Outside of them a clock is not set, and hours
// and deadlines would not fit their rows.
const yearMin, yearMax = 2000, 2200

func checkNow(now time.Time) error {
	if year := now.Year(); year < yearMin || year > yearMax {
		return fmt.Errorf("it is the year %d by the clock, which must lie between %d and %d", year, yearMin, yearMax)
	}
	return nil
}
