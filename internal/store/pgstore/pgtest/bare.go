package pgtest

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// bareConns are the connections of the bare program: as many as a replica has for
// its commits.
const bareConns = 4

// bareGroup are the facts of one transaction.
type bareGroup struct {
	keys                           [][]byte
	quantities, timestamps, places []int64
}

// InsertBare is what a ledger is held against: a bare program that inserts the
// facts of a ledger into another database, in the same table and in the same
// groups, through pgx and with nothing around it: no rules, no HTTP, no calls, no
// chain, no answers. It returns how many facts there were, and what they took.
// The facts must have neither end nor detail, as most usage.
func (c *Cluster) InsertBare(b *testing.B, ledger string) (facts int, cost Cost) {
	b.Helper()
	database := c.Database(b)
	ctx := context.Background()
	groups, facts, err := readGroups(ctx, ledger)
	if err != nil {
		b.Fatal(err)
	}
	conns := make([]*pgx.Conn, bareConns)
	for i := range conns {
		if conns[i], err = pgx.Connect(ctx, database); err != nil {
			b.Fatal(err)
		}
		defer conns[i].Close(ctx)
	}
	_, err = conns[0].Exec(ctx, `CREATE TABLE facts (quantity int8 NOT NULL, timestamp int8 NOT NULL,
		place int8 NOT NULL, until int8, key bytea PRIMARY KEY, detail bytea)`)
	if err != nil {
		b.Fatal(err)
	}
	queue := make(chan *bareGroup, len(groups))
	for _, g := range groups {
		queue <- g
	}
	close(queue)
	return facts, c.Measure(func() {
		var wg sync.WaitGroup
		for _, conn := range conns {
			wg.Go(func() {
				for g := range queue {
					if err := g.insert(ctx, conn); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}

// readGroups reads the facts of a ledger in the groups in which they were
// committed, each sorted as the ledger sorts it.
func readGroups(ctx context.Context, ledger string) (groups []*bareGroup, facts int, err error) {
	conn, err := pgx.Connect(ctx, ledger)
	if err != nil {
		return nil, 0, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT place >> 8, key, quantity, timestamp, place FROM meterd.facts ORDER BY place >> 8, key")
	if err != nil {
		return nil, 0, err
	}
	var key []byte
	var batch, last, quantity, timestamp, place int64
	_, err = pgx.ForEachRow(rows, []any{&batch, &key, &quantity, &timestamp, &place}, func() error {
		if len(groups) == 0 || batch != last {
			groups = append(groups, &bareGroup{})
			last = batch
		}
		g := groups[len(groups)-1]
		g.keys = append(g.keys, key)
		key = nil
		g.quantities, g.timestamps, g.places = append(g.quantities, quantity), append(g.timestamps, timestamp), append(g.places, place)
		facts++
		return nil
	})
	return groups, facts, err
}

func (g *bareGroup) insert(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `
		INSERT INTO facts (key, quantity, timestamp, place)
		SELECT * FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::int8[])
		ON CONFLICT DO NOTHING`, g.keys, g.quantities, g.timestamps, g.places)
	return err
}
