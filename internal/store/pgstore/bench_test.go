package pgstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
	"github.com/meterd/meterd/internal/store/storetest"
)

// durable are the settings of a server that keeps its promises through a power
// cut.
var durable = map[string]string{"fsync": "on"}

func BenchmarkCommit(b *testing.B) {
	c := pgtest.Start(b, durable)
	storetest.Benchmark(b, func(b *testing.B, _ string) store.Store { return mustOpen(b, c.Database(b), Config{}) })
}

const (
	// raceFacts is a full BatchMeterUsage.
	raceFacts = 25
	// raceEntry is the size of a call's entry.
	raceEntry = 160
	// raceLap is how many requests each side commits in its turn.
	raceLap = 8000
	// raceWriters wait for their answers at the same time, for each replica.
	raceWriters = 256
)

// BenchmarkAgainstBare measures the store, with 1 to 3 replicas, in turns with a
// bare program that inserts the same rows in the same groups through pgx: on as
// many connections as one replica has committers, without names, calls, chain or
// decisions. facts/s is the store's speed, bare-facts/s the other's, and ratio
// what is left of it.
func BenchmarkAgainstBare(b *testing.B) {
	for replicas := 1; replicas <= 3; replicas++ {
		b.Run(fmt.Sprintf("replicas=%d", replicas), func(b *testing.B) {
			c := pgtest.Start(b, durable)
			url := c.Database(b)
			bare := newBare(b, c.Database(b))
			var stores []*Store
			for range replicas {
				s := mustOpen(b, url, Config{})
				stores = append(stores, s)
			}
			var ours, theirs time.Duration
			laps := 0
			for b.Loop() {
				ours += timed(func() { runStores(b, stores, laps) })
				theirs += timed(func() { bare.run(b, laps) })
				laps++
			}
			facts := float64(laps * raceLap * raceFacts)
			b.ReportMetric(facts/ours.Seconds(), "facts/s")
			b.ReportMetric(facts/theirs.Seconds(), "bare-facts/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func timed(run func()) time.Duration {
	start := time.Now()
	run()
	return time.Since(start)
}

// raceKey is the i-th fact of the n-th request: hours come in order, and each
// request tells of other buyers of one product.
func raceKey(n, i int) store.Key {
	const perHour = 800
	return store.Key{
		Kind:      store.UsageByLicense,
		Hour:      store.Hour(490_000 + n/perHour),
		Scope:     1,
		Subject:   store.NameID(n % 50),
		Party:     store.NameID(n%perHour*raceFacts + i),
		Dimension: 1,
	}
}

func runStores(b *testing.B, stores []*Store, lap int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range raceWriters * len(stores) {
		wg.Go(func() {
			s := stores[w%len(stores)]
			r := &store.Request{At: testNow, Facts: make([]store.Fact, raceFacts), Call: make([]byte, raceEntry)}
			for n := int(next.Add(1)) - 1; n < raceLap; n = int(next.Add(1)) - 1 {
				for i := range r.Facts {
					r.Facts[i] = store.Fact{Key: raceKey(lap*raceLap+n, i), Quantity: int64(i), Timestamp: testNow}
				}
				if err := s.Commit(context.Background(), r); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// bare is the other program.
type bare struct{ conns []*pgx.Conn }

func newBare(b *testing.B, url string) *bare {
	var p bare
	for i := range defaultCommitters {
		conn, err := pgx.Connect(context.Background(), url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close(context.Background()) })
		if i == 0 {
			_, err = conn.Exec(context.Background(), `CREATE TABLE facts (quantity int8 NOT NULL, timestamp int8 NOT NULL,
				place int8 NOT NULL, until int8, key bytea PRIMARY KEY, detail bytea)`)
			if err != nil {
				b.Fatal(err)
			}
		}
		p.conns = append(p.conns, conn)
	}
	return &p
}

func (p *bare) run(b *testing.B, lap int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, conn := range p.conns {
		wg.Go(func() {
			for n := int(next.Add(groupJobs)) - groupJobs; n < raceLap; n = int(next.Add(groupJobs)) - groupJobs {
				if err := insertBare(conn, lap*raceLap+n, min(groupJobs, raceLap-n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func insertBare(conn *pgx.Conn, first, requests int) error {
	rows := requests * raceFacts
	keys, quantities, timestamps, places := make([][]byte, rows), make([]int64, rows), make([]int64, rows), make([]int64, rows)
	for i := range rows {
		k := raceKey(first+i/raceFacts, i%raceFacts)
		key := append(make([]byte, 0, 21), byte(k.Kind))
		for _, word := range []uint32{uint32(k.Hour), uint32(k.Scope), uint32(k.Subject), uint32(k.Party), uint32(k.Dimension)} {
			key = binary.BigEndian.AppendUint32(key, word)
		}
		keys[i], quantities[i], timestamps[i], places[i] = key, int64(i%raceFacts), testNow, int64(first+i/raceFacts)
	}
	_, err := conn.Exec(context.Background(), `
		INSERT INTO facts (key, quantity, timestamp, place)
		SELECT * FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::int8[])
		ON CONFLICT DO NOTHING`, keys, quantities, timestamps, places)
	return err
}
