package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/retention"
	"github.com/meterd/meterd/internal/store"
)

// RetainMin is the shortest time that records can be kept for: two months, so that
// the month before, which a profile may still let in, is always whole (M0109).
const RetainMin = 62 * 24 * time.Hour

// ErrRetain is returned by Retain where the marketplace's profile still accepts
// usage that would be dropped.
var ErrRetain = errors.New("usage of hours that are to be dropped is still accepted; keep records for longer")

// Retain drops the records of hours that are older than keep, and the calls before
// them; what they come to in each month stays. The service's time decides what is
// old, now is the machine's.
func (l *Ledger) Retain(ctx context.Context, keep time.Duration, now time.Time) (retention.Dropped, error) {
	from := store.Hour(metering.HourOf(l.clock.Now().Add(-max(keep, RetainMin))))
	if open := l.oldestOpen(); from >= open {
		return retention.Dropped{}, fmt.Errorf("%w: the oldest hour that is accepted began at %s", ErrRetain, time.Unix(int64(open)*3600, 0).UTC().Format(time.RFC3339))
	}
	key, err := l.checkpointKey(ctx)
	if err != nil {
		return retention.Dropped{}, err
	}
	// From here on nobody tells of these hours, whatever becomes of the clock.
	l.raiseKept(from)
	dropped, err := retention.Run(ctx, l.store, from, key, now)
	l.sayAnew()
	return dropped, err
}

// sayAnew has all names said again by the calls to come: those that said them
// may have been dropped.
func (l *Ledger) sayAnew() {
	l.applying.Lock()
	defer l.applying.Unlock()
	l.market.Store(newSnapshot(l.Market(), new(sync.Map)))
}

// oldestOpen is the oldest hour that the rules let in now.
func (l *Ledger) oldestOpen() store.Hour {
	now, profile := l.clock.Now(), l.Market().Profile
	return store.Hour(min(profile.BatchWindow().OldestHour(now), profile.MeterWindow().OldestHour(now)))
}

// raiseKept raises the first hour of which records are kept.
func (l *Ledger) raiseKept(from store.Hour) {
	for {
		kept := l.kept.Load()
		if uint32(from) <= kept || l.kept.CompareAndSwap(kept, uint32(from)) {
			return
		}
	}
}

// checkKept refuses to tell of hours whose records were dropped: what was told
// there before, and counted, would be told anew. The rules let nothing so old in,
// unless the clock was moved back.
func (l *Ledger) checkKept(facts []store.Fact) error {
	kept := store.Hour(l.kept.Load())
	for i := range facts {
		if f := &facts[i]; f.Key.Hour < kept && f.Key.Kind.IsUsage() {
			return fmt.Errorf("usage at %s cannot be told: records before %s were dropped by retention, and the clock was moved back behind that",
				time.UnixMilli(f.Timestamp).UTC().Format(time.RFC3339), time.Unix(int64(kept)*3600, 0).UTC().Format(time.RFC3339))
		}
	}
	return nil
}
