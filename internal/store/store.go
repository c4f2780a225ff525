// Package store is the contract that a store of the ledger keeps: facts are
// created once, together with the call that told them, durably.
//
// Calls are the truth. Each is remembered with all that it told, whatever became
// of it, and linked to the one before it by a hash, so that outcomes and standing
// facts can be derived anew and compared, and nothing can be changed or left out
// unnoticed.
//
// A store knows no rule. It does not know what a buyer or a subscription is,
// whether a timestamp is too old, or what an exception is called; it compares
// keys and bytes. memstore, pebblestore and pgstore implement the contract and
// storetest holds each of them to it.
package store

import (
	"context"
	"errors"
	"iter"
)

// Store remembers facts, calls, names and a few small tables.
//
// All methods are safe for concurrent use. After Close every method returns
// ErrClosed. A context bounds the waiting only: a commit that has been started
// is not undone by it, and is waited for, because its buffers are in use. With a
// context that is over already, a method does nothing and returns its error.
//
// What is yielded or returned belongs to the receiver. After an error nothing
// more is yielded.
type Store interface {
	// Commit decides every fact of r, remembers those that are new together
	// with the call, and returns when all of it is durable. It fills
	// r.Decisions and r.CallID.
	//
	// On an error nothing was decided as far as the caller may tell; if the
	// error is ErrUnknownOutcome, the request may or may not be durable, and
	// committing it again is safe. Trouble with some facts only is no error:
	// those facts are decided Faulted and were not remembered.
	Commit(ctx context.Context, r *Request) error

	// Lookup returns the fact that was told last at k, or ok == false. Whether
	// it still stands is for the caller to judge (Fact.StandsAt).
	Lookup(ctx context.Context, k Key) (f Fact, ok bool, err error)

	// Scan yields the facts of one kind in key order, whether they still
	// stand or not.
	Scan(ctx context.Context, r Range) iter.Seq2[Fact, error]

	// ScanCalls yields the calls after the given one in the order of their
	// ids, which within a shard is that of their commits; 0 starts at the
	// first. A call that cannot be read as it was written is an error.
	ScanCalls(ctx context.Context, after CallID) iter.Seq2[Call, error]

	// Heads returns the newest call of every shard that has one, in the order
	// of shards, without reading the others.
	Heads(ctx context.Context) ([]Head, error)

	// DropBefore forgets the usage facts of all hours before hour. Calls,
	// registrations and client tokens stay.
	DropBefore(ctx context.Context, hour Hour) error

	// DropCalls forgets the calls of a shard up to one of them; the facts that
	// they told stay. The newest call of a shard is never forgotten, so that the
	// next one has what to come behind.
	DropCalls(ctx context.Context, upTo CallID) error

	// Load fills a store with what another one has: it appends calls with their
	// ids, outcomes and hashes as they are there, and puts facts as they stand
	// there, by whichever call. It decides and compares nothing, so it is for
	// stores that nobody uses yet. The calls of a shard come without gaps, each
	// behind the last; only the first that a shard gets may have any number.
	// On an error nothing was loaded, unless it is ErrUnknownOutcome.
	Load(ctx context.Context, calls []Call, facts []Fact) error

	// Intern gives every name its id, for ever the same one, durable before
	// it returns. It fills ids, which has the length of names.
	Intern(ctx context.Context, names []string, ids []NameID) error

	// Name returns the name that has the id, or ok == false.
	Name(ctx context.Context, id NameID) (name string, ok bool, err error)

	// Rows yields a table's rows in key order; AllTables has those of all tables,
	// one table after the other.
	Rows(ctx context.Context, table Table) iter.Seq2[Row, error]

	// Put writes all rows or none. Each row must carry the Version that
	// stands (0: there is no such row yet), else the answer is ErrVersion. A
	// row that then stands has that Version raised by one; rows itself is left
	// as it is. If a row occurs twice, the second meets the first.
	Put(ctx context.Context, rows []Row) error

	// Checkpoint writes a copy of the store, as it stands now, into a new
	// directory dir, while commits go on. If dir exists, the error is
	// fs.ErrExist. A store that is backed up by other means returns
	// errors.ErrUnsupported.
	Checkpoint(ctx context.Context, dir string) error

	// Reset forgets all facts, calls and rows; the next call is number 1
	// again, and begins a new chain. Names keep their ids. It is for sandboxes.
	Reset(ctx context.Context) error

	// Stats tells the size of the store for metrics, without reading it.
	Stats() Stats

	// Close waits for started commits, ends scans with ErrClosed, and
	// releases the store. It must not be called from within a scan's loop.
	Close() error
}

var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("store is closed")
	// ErrGap is returned by Load for a call that does not follow the last one of
	// its shard.
	ErrGap = errors.New("call does not follow the last one")
	// ErrVersion is returned by Put when another version of a row stands.
	ErrVersion = errors.New("row has another version")
	// ErrDamaged is wrapped where an entry cannot be read as it was written.
	ErrDamaged = errors.New("damaged entry")
	// ErrUnknownOutcome is returned by Commit and the other writes when the
	// connection or the quorum was lost after sending, or when the disk refused
	// to confirm.
	ErrUnknownOutcome = errors.New("commit outcome unknown")
)

// Verifier is a Store that keeps its bytes itself, and can read all of them and
// compare them with the checksums that were written along, also of what no entry
// is read from. The error wraps ErrDamaged and names what does not compare.
type Verifier interface {
	Verify(ctx context.Context) error
}

// Stats are gauges; each is approximate where exactness would cost a read.
type Stats struct {
	// Bytes on disk, or in memory for a store without one.
	Bytes uint64
	// Waiting is the number of commits that wait for the next group.
	Waiting int
	// Stopped says why the store accepts no more writes, though reads go on;
	// nil while it accepts them.
	Stopped error
}

// Reclaimer is a Store on which what was dropped takes space until it is asked to
// give it back. Nothing else changes.
type Reclaimer interface {
	Reclaim(ctx context.Context) error
}
