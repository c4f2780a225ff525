package ledger

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// unsaid returns the names in the keys of facts that no call of the trail says.
func unsaid(t *testing.T, s store.Store) map[store.NameID]bool {
	t.Helper()
	said, missing := map[store.NameID]bool{0: true}, map[store.NameID]bool{}
	calls := collect(t, s.ScanCalls(t.Context(), 0))
	for _, call := range calls {
		e, err := audit.Parse(call.Entry)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range e.Names {
			said[store.NameID(n.ID)] = true
		}
	}
	for _, call := range calls {
		for _, f := range call.Facts {
			for _, id := range [...]store.NameID{f.Key.Scope, f.Key.Subject, f.Key.Party, f.Key.Dimension} {
				if !said[id] {
					missing[id] = true
				}
			}
		}
	}
	return missing
}

// TestAResetHasNamesSaidAgain: the trail that begins then covers all names that
// its calls use, also those that were under way.
func TestAResetHasNamesSaidAgain(t *testing.T) {
	l, s := openDemo(t)
	teller := l.callBy(t, "AKIDSELLER").Principal
	const tellers, resets = 4, 200
	ctx, stop := context.WithCancel(t.Context())
	var telling sync.WaitGroup
	for n := range tellers {
		telling.Go(func() {
			for ctx.Err() == nil {
				b := batch(1)
				if n%2 == 0 {
					b = metering.Batch{Usages: []metering.Usage{{Timestamp: noon, Dimension: "users", Account: buyer, License: license, Quantity: 1}}}
				}
				call := l.Begin()
				call.Principal, call.Region = teller, "us-east-1"
				if _, err := l.BatchMeterUsage(t.Context(), call, b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range resets {
		if err := l.Reset(t.Context(), demo()); err != nil {
			t.Error(err)
		}
		if missing := unsaid(t, s); len(missing) > 0 {
			t.Errorf("after a reset, no call says the names %v", missing)
			break
		}
	}
	stop()
	telling.Wait()
}

// TestFollowersSayNamesAgain: another service that resets the ledger begins a
// trail that says nothing yet.
func TestFollowersSayNamesAgain(t *testing.T) {
	l, s := openDemo(t)
	follower := open(t, s)
	tell := func() {
		t.Helper()
		if _, err := follower.BatchMeterUsage(t.Context(), follower.callBy(t, "AKIDSELLER"), batch(1)); err != nil {
			t.Fatal(err)
		}
	}
	tell()
	if err := l.Reset(t.Context(), demo()); err != nil {
		t.Fatal(err)
	}
	if err := follower.reread(t.Context()); err != nil {
		t.Fatal(err)
	}
	tell()
	if missing := unsaid(t, s); len(missing) > 0 {
		t.Errorf("no call says the names %v", missing)
	}
}

// TestRetentionHasNamesSaidAgain: the call that said them may be gone.
func TestRetentionHasNamesSaidAgain(t *testing.T) {
	l, s := openDemo(t)
	tell := func(at time.Time) {
		t.Helper()
		l.Clock().Set(at)
		b := batch(1)
		b.Usages[0].Timestamp = at
		if _, err := l.BatchMeterUsage(t.Context(), l.callBy(t, "AKIDSELLER"), b); err != nil {
			t.Fatal(err)
		}
	}
	tell(noon)
	tell(noon.Add(time.Hour))
	l.Clock().Set(noon.Add(200 * day))
	if dropped, err := l.Retain(t.Context(), 100*day, noon); err != nil || dropped.Calls != 1 {
		t.Fatalf("%+v, %v", dropped, err)
	}
	tell(noon.Add(200 * day))
	if missing := unsaid(t, s); len(missing) > 0 {
		t.Errorf("no call says the names %v", missing)
	}
}
