package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The statements of a commit. Those in prepared are prepared once for each
// connection, because they have only one plan; the others are planned each time.
const (
	stmtBegin       = "begin"
	stmtCommit      = "commit"
	stmtInsertFacts = "insert facts"
	stmtAppendCalls = "append calls"
	stmtAppendBatch = "append batch"
)

var prepared = map[string]string{
	stmtBegin:  begin,
	stmtCommit: "COMMIT",

	// The order of the arrays is that in which locks are taken. A key that
	// another transaction has inserted and not yet committed is waited for.
	stmtInsertFacts: `
		INSERT INTO meterd.facts (key, quantity, timestamp, place, until, detail)
		SELECT key, quantity, timestamp, place, until, detail
		FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::bytea[])
			AS v (key, quantity, timestamp, place, until, detail)
		ON CONFLICT (key) DO NOTHING
		RETURNING key`,

	// The row of the shard is locked until the commit, so that no other tenure
	// begins in between. If one has, or if the call that comes before these is
	// not there, then there is no epoch, and the insert fails.
	stmtAppendCalls: `
		WITH fence AS (
			SELECT epoch FROM meterd.shards
			WHERE id = $1::int4 AND epoch = $2::int8
				AND ($3::int8 = 0 OR EXISTS (SELECT 1 FROM meterd.calls WHERE id = $3::int8))
			FOR SHARE
		)
		INSERT INTO meterd.calls (id, epoch, told, outcomes, hash)
		SELECT id, (SELECT epoch FROM fence), told, outcomes, hash
		FROM unnest($4::int8[], $5::bytea[], $6::bytea[], $7::bytea[]) AS v (id, told, outcomes, hash)`,

	stmtAppendBatch: `INSERT INTO meterd.batches (id, first_call) VALUES ($1::int8, $2::int8)`,
}

const (
	// A place is a batch and eight bits, see placeBits.
	sqlReadFacts = `
		SELECT f.key, f.quantity, f.until, f.detail, b.first_call + (f.place & 255)
		FROM meterd.facts f JOIN meterd.batches b ON b.id = f.place >> 8
		WHERE f.key = ANY($1::bytea[])`

	sqlLockFacts = `SELECT key FROM meterd.facts WHERE key = ANY($1::bytea[]) ORDER BY key FOR UPDATE`

	sqlReplaceFacts = `
		UPDATE meterd.facts f
		SET quantity = v.quantity, timestamp = v.timestamp, place = v.place, until = v.until, detail = v.detail
		FROM unnest($1::bytea[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::bytea[])
			AS v (key, quantity, timestamp, place, until, detail)
		WHERE f.key = v.key`
)

// prepareCommits readies a committer's connection.
func prepareCommits(ctx context.Context, pc *pgconn.PgConn) error {
	for name, sql := range prepared {
		if _, err := pc.Prepare(ctx, name, sql, nil); err != nil {
			return fmt.Errorf("preparing to %s: %w", name, err)
		}
	}
	return nil
}

// allBinary makes all parameters and results binary.
var allBinary = []int16{pgx.BinaryFormatCode}

// trip is what is sent to the database at once, and answered at once.
type trip struct {
	batch pgconn.Batch
	// length is how many statements it has, answered how many of them were
	// carried out.
	length, answered int
	// done is what the server says that the last of them did.
	done string
}

func (t *trip) prepared(name string, params ...[]byte) {
	t.length++
	t.batch.ExecPrepared(name, params, allBinary, allBinary)
}

func (t *trip) planned(sql string, params ...[]byte) {
	t.length++
	t.batch.ExecParams(sql, params, nil, allBinary, allBinary)
}

// run sends a trip. row is called for each row of all results, and must not keep
// it. After an error of one statement the server carries out no further one.
func (t *trip) run(ctx context.Context, pc *pgconn.PgConn, row func(values [][]byte) error) error {
	results := pc.ExecBatch(ctx, &t.batch)
	var failed error
	for results.NextResult() {
		result := results.ResultReader()
		for result.NextRow() {
			if failed == nil {
				failed = row(result.Values())
			}
		}
		if tag, err := result.Close(); err == nil {
			t.answered++
			t.done = tag.String()
		}
	}
	if err := results.Close(); err != nil {
		return lateness(ctx, err)
	}
	return failed
}
