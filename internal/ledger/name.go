package ledger

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// snapshot is a marketplace with the ids of its names.
type snapshot struct {
	market *marketplace.Market
	names  nameIDs
	// said has the ids of names that the trail has; others may be in it too. A
	// trail that begins anew gets another one, so that calls that were under way
	// do not note in it what they have said in the old one.
	said *sync.Map
}

func newSnapshot(m *marketplace.Market, said *sync.Map) *snapshot {
	return &snapshot{m, make(nameIDs, m.Names()), said}
}

// nameIDs has the store's ids of a marketplace's names by their numbers; 0 where
// no call has said one yet. A name keeps its id for ever, so that a batch need
// not ask the store for a hundred of them.
type nameIDs []atomic.Uint32

func (n nameIDs) of(number marketplace.Number) store.NameID { return store.NameID(n[number].Load()) }

func (n nameIDs) learn(number marketplace.Number, id store.NameID) { n[number].Store(uint32(id)) }

// scope is where a usage record's key counts: M0124, in the seller's books of
// one Region, unless the profile keeps one book for all.
func scope(m *marketplace.Market, seller metering.AccountID, region metering.Region) string {
	if !m.Profile.DedupPerRegion {
		region = "*"
	}
	return string(seller) + "/" + string(region)
}

func splitScope(s string) (metering.AccountID, metering.Region) {
	seller, region, _ := strings.Cut(s, "/")
	return metering.AccountID(seller), metering.Region(region)
}

// nameKeys gives the keys of facts their names: four for each fact, in the
// order scope, subject, party, dimension.
func (l *Ledger) nameKeys(ctx context.Context, names []string, facts []store.Fact) error {
	ids := make([]store.NameID, len(names))
	if err := l.store.Intern(ctx, names, ids); err != nil {
		return fmt.Errorf("naming records: %w", err)
	}
	for i := range facts {
		k := &facts[i].Key
		k.Scope, k.Subject, k.Party, k.Dimension = ids[4*i], ids[4*i+1], ids[4*i+2], ids[4*i+3]
	}
	return nil
}
