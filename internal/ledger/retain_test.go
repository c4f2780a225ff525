package ledger

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/retention"
	"github.com/meterd/meterd/internal/store"
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

// stuck is a store that drops nothing.
type stuck struct{ store.Store }

var errStuck = errors.New("stuck")

func (stuck) DropBefore(context.Context, store.Hour) error { return errStuck }

// moving is a store where something happens in the middle of a reading.
type moving struct {
	store.Store
	happens *func()
}

func (m moving) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Fact, error] {
	if happens := *m.happens; happens != nil {
		*m.happens = nil
		happens()
	}
	return m.Store.Scan(ctx, r)
}

// TestTotalsStandStill: however far the dropping is, a month comes to the same.
func TestTotalsStandStill(t *testing.T) {
	original, s := openDemo(t)
	for i := range 2 {
		b := batch(int64(5 + i))
		b.Usages[0].Timestamp = noon.Add(-time.Duration(i) * time.Hour)
		if _, err := original.BatchMeterUsage(t.Context(), original.callBy(t, "AKIDSELLER"), b); err != nil {
			t.Fatal(err)
		}
	}
	month := retention.Month(noon.Format("2006-01"))
	want := []Total{{Month: month, Seller: seller, Region: "us-east-1", Product: "saas", Buyer: buyer, Dimension: "users", Records: 2, Quantity: 11}}
	same := func(when string, s store.Store) {
		t.Helper()
		got, err := open(t, s).Totals(t.Context(), month)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", when, err, diff)
		}
	}
	same("before", s)
	retain := func(s store.Store) error {
		l := open(t, s)
		l.Clock().Set(noon.Add(200 * day))
		_, err := l.Retain(t.Context(), 100*day, noon)
		return err
	}
	happens := func() {
		if err := retain(stuck{s}); !errors.Is(err, errStuck) {
			t.Error(err)
		}
	}
	same("when it is counted in the middle of it", moving{s, &happens})
	same("when it is counted and not dropped", s)
	happens = func() {
		if err := retain(s); err != nil {
			t.Error(err)
		}
	}
	same("when it is dropped in the middle of it", moving{s, &happens})
	same("after", s)
	if left := collect(t, original.Records(t.Context(), RecordFilter{})); len(left) != 0 {
		t.Errorf("%d records are left", len(left))
	}
}
