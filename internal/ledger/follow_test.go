package ledger

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

// sharedStore is a store that two ledgers of a test write to.
type sharedStore struct{ *memstore.Store }

func (s sharedStore) TableVersion(ctx context.Context, table store.Table) (sum uint64, err error) {
	for row, err := range s.Rows(ctx, table) {
		if err != nil {
			return 0, err
		}
		sum += row.Version
	}
	return sum, nil
}

// TestFollowersSeeWhatOthersDo: a token that one service has minted is resolved
// by another, and a buyer who is gone is gone everywhere.
func TestFollowersSeeWhatOthersDo(t *testing.T) {
	l, s := openDemo(t)
	follower := open(t, s)
	ctx, stop := context.WithCancel(t.Context())
	var following sync.WaitGroup
	following.Go(func() { follower.Follow(ctx, sharedStore{s}) })
	defer following.Wait()
	defer stop()

	token, err := l.MintToken(t.Context(), license)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the token is known", func() bool {
		_, err := follower.ResolveCustomer(t.Context(), follower.callBy(t, "AKIDSELLER"), token.Value)
		return err == nil
	})
	without := demo()
	without.Buyers, without.Tokens = nil, nil
	if _, err := l.Replace(t.Context(), without); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the buyer is gone", func() bool { return follower.Market().License(license) == nil })
}

// TestChangesOfSeveralAllStand: services that start together apply their catalogs
// at the same time.
func TestChangesOfSeveralAllStand(t *testing.T) {
	s := memstore.New()
	const services, changes = 4, 5
	var wg sync.WaitGroup
	for n := range services {
		l := open(t, s)
		wg.Go(func() {
			for i := range changes {
				state := demo()
				state.Tokens = []marketplace.Token{{Value: fmt.Sprintf("tok-%d-%d", n, i), LicenseArn: license, Minted: noon}}
				if _, err := l.Apply(t.Context(), state); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(open(t, s).Market().State.Tokens); got != services*changes {
		t.Errorf("%d tokens, want %d", got, services*changes)
	}
}

// TestFollowersSignWithTheKeyThatStands: a reset forgets the keys that the ledger
// has made, and whichever service makes the next, all sign with it.
func TestFollowersSignWithTheKeyThatStands(t *testing.T) {
	l, s := openDemo(t)
	follower := open(t, s)
	key := func(l *Ledger) string {
		t.Helper()
		text, err := l.PublicKey(t.Context(), "box", 0)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := key(follower)
	if err := l.Reset(t.Context(), demo()); err != nil {
		t.Fatal(err)
	}
	if err := follower.reread(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := key(l); now == before || now != key(follower) {
		t.Error("the services sign with different keys, or with the one that was forgotten")
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within a minute: " + what)
		}
	}
}
