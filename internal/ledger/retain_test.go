package ledger

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/store/memstore"
)

// day is what times that records are kept for are told in.
const day = 24 * time.Hour

func TestOldRecordsLeave(t *testing.T) {
	l, s := openDemo(t)
	tell := func(l *Ledger) error {
		_, err := l.BatchMeterUsage(t.Context(), l.callBy(t, "AKIDSELLER"), batch(5))
		return err
	}
	if err := tell(l); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after, keep time.Duration
		left        int
	}{
		{after: 100 * day, keep: 101 * day, left: 1},
		{after: 61 * day, keep: day, left: 1}, // less than RetainMin is no less
		{after: 100 * day, keep: 100 * day, left: 1},
		{after: 100*day + time.Hour, keep: 100 * day, left: 0},
	} {
		l.Clock().Set(noon.Add(c.after))
		if _, err := l.Retain(t.Context(), c.keep, noon); err != nil {
			t.Fatal(err)
		}
		if left := collect(t, l.Records(t.Context(), RecordFilter{})); len(left) != c.left {
			t.Errorf("after %s, %d records are left of those that are kept for %s", c.after, len(left), c.keep)
		}
	}
	// A clock that was moved back does not let them be told anew, neither here
	// nor in a ledger that is opened later.
	l.Clock().Set(noon)
	for _, l := range []*Ledger{l, open(t, s)} {
		if err := tell(l); err == nil || !strings.Contains(err.Error(), "were dropped by retention, and the clock was moved back") {
			t.Errorf("told anew: %v", err)
		}
	}
	if err := l.Reset(t.Context(), demo()); err != nil {
		t.Fatal(err)
	}
	if err := tell(l); err != nil {
		t.Errorf("after a reset: %v", err)
	}
}

// TestOpenHoursAreKept: what a profile still lets in is not dropped, however short
// the time that records are to be kept for.
func TestOpenHoursAreKept(t *testing.T) {
	l := open(t, memstore.New())
	state := demo()
	state.Settings.Switches = map[string]string{"batchWindow": "2400h"}
	if _, err := l.Apply(t.Context(), marketplace.State{Settings: state.Settings}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Retain(t.Context(), 100*day, noon); !errors.Is(err, ErrRetain) {
		t.Errorf("hours that are open are dropped: %v", err)
	}
	if _, err := l.Retain(t.Context(), 100*day+time.Hour, noon); err != nil {
		t.Error(err)
	}
}
