package pgstore

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/check"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// What replicas meter at the same time: each has meterWriters, and each of these
// tells meterBatches of meterRecords.
const (
	meterWriters = 4
	meterBatches = 10
	meterRecords = 10
)

// noon is the service's time.
var noon = time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)

// market is one of a product with a dimension for each record, and a buyer.
func market() marketplace.State {
	product := marketplace.Product{Code: "saas", Kind: marketplace.SaaS}
	for n := range meterBatches * meterRecords {
		product.Dimensions = append(product.Dimensions, marketplace.Dimension{Key: dimension(n)})
	}
	return marketplace.State{
		Settings: marketplace.DefaultSettings,
		Sellers: []marketplace.Seller{{
			Account:     "111122223333",
			Credentials: []marketplace.Credential{{AccessKeyID: "AKIDSELLER", User: "app"}},
			Products:    []marketplace.Product{product},
		}},
		Buyers: []marketplace.Buyer{{
			Account: "222233334444", CustomerIdentifier: "cust-1",
			Agreements: []marketplace.Agreement{{Product: "saas", Status: marketplace.Active, Start: noon.AddDate(-1, 0, 0)}},
		}},
	}
}

func dimension(n int) metering.Dimension { return metering.Dimension(fmt.Sprint("d", n)) }

// openLedgers opens services over stores that share a database.
func openLedgers(t *testing.T, stores []*Store) (list []*ledger.Ledger) {
	t.Helper()
	for _, s := range stores {
		stopped := new(clock.Clock)
		stopped.Set(noon)
		stopped.Freeze()
		l, err := ledger.Open(t.Context(), ledger.Config{Store: s, Clock: stopped})
		if err == nil {
			_, err = l.Apply(t.Context(), market())
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	return list
}

// metered is a verdict with what it is about.
type metered struct {
	usage   metering.Usage
	verdict ledger.Verdict
}

// meter has a replica tell its batches, and returns the verdicts.
func meter(t *testing.T, l *ledger.Ledger, adjust func(*metering.Usage)) (all []metered) {
	for b := range meterBatches {
		batch := metering.Batch{Product: "saas"}
		for i := range meterRecords {
			u := metering.Usage{Timestamp: noon, Dimension: dimension(b*meterRecords + i), Customer: "cust-1", Quantity: 7}
			adjust(&u)
			batch.Usages = append(batch.Usages, u)
		}
		call := l.Begin()
		call.Principal, _ = call.Market.ByAccessKey("AKIDSELLER")
		call.Region = "us-east-1"
		verdicts, err := l.BatchMeterUsage(t.Context(), call, batch)
		if err != nil {
			t.Error(err)
			return all
		}
		for i, v := range verdicts {
			all = append(all, metered{batch.Usages[i], v})
		}
	}
	return all
}

// TestReplicasMeter: whole services, with rules and trail, meter at the same time
// over one database. Each record has one winner and everywhere the same id, and
// the ledger that they leave is sound.
func TestReplicasMeter(t *testing.T) {
	for name, c := range map[string]struct {
		adjust func(replica, writer int, u *metering.Usage)
		// records are those that stand in the end.
		records int
	}{
		"identical": {func(int, int, *metering.Usage) {}, meterBatches * meterRecords},
		"conflicting": {func(replica, writer int, u *metering.Usage) {
			u.Quantity = int64(replica*meterWriters + writer)
		}, meterBatches * meterRecords},
		"disjoint": {func(replica, writer int, u *metering.Usage) {
			u.Timestamp = noon.Add(-time.Duration(replica*meterWriters+writer) * time.Hour)
		}, replicas * meterWriters * meterBatches * meterRecords},
	} {
		t.Run(name, func(t *testing.T) {
			stores := openReplicas(t)
			var mu sync.Mutex
			var wg sync.WaitGroup
			var all []metered
			for i, l := range openLedgers(t, stores) {
				for w := range meterWriters {
					wg.Go(func() {
						verdicts := meter(t, l, func(u *metering.Usage) { c.adjust(i, w, u) })
						mu.Lock()
						defer mu.Unlock()
						all = append(all, verdicts...)
					})
				}
			}
			wg.Wait()
			checkWinners(t, all, c.records)
			report, err := check.Ledger(t.Context(), stores[0], check.Options{})
			if err != nil || !report.Sound() || len(report.Heads) != replicas || int(report.Facts) != c.records {
				t.Errorf("check: %+v, %v", report, err)
			}
		})
	}
}

// checkWinners looks for one winner and one id for every record.
func checkWinners(t *testing.T, all []metered, records int) {
	t.Helper()
	type key struct {
		dimension metering.Dimension
		hour      int64
	}
	winners := map[key]metered{}
	for _, m := range all {
		if m.verdict.Status == metering.Success {
			winners[key{m.usage.Dimension, m.usage.Timestamp.Unix()}] = m
		}
	}
	if len(winners) != records {
		t.Errorf("%d records have a winner, want %d", len(winners), records)
	}
	for _, m := range all {
		winner := winners[key{m.usage.Dimension, m.usage.Timestamp.Unix()}]
		// M0128: who lost is told no id.
		want := ledger.Verdict{Status: metering.DuplicateRecord}
		if m.usage.Quantity == winner.usage.Quantity {
			want = winner.verdict
		}
		if m.verdict != want {
			t.Errorf("%s with quantity %d got %+v, and with quantity %d got %+v", m.usage.Dimension,
				m.usage.Quantity, m.verdict, winner.usage.Quantity, winner.verdict)
		}
	}
}
