package pgstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// errMoved: what the group took to stand does not, because another replica was
// quicker, or a guard is in conflict. It is tried again with what is known now.
var errMoved = errors.New("other facts stand than were expected")

// errFenced: the shard has a later tenure, or its chain another end.
var errFenced = errors.New("the shard has changed hands")

// attempt is one transaction that commits a group.
type attempt struct {
	s  *Store
	g  *group
	pc *pgconn.PgConn
	tenure
	// batch is the id under which facts find their calls.
	batch int64
	// begun says that the transaction was begun.
	begun bool
}

// run runs the transaction once. The answer is nil, again, ErrUnknownOutcome, or
// final; the last three end the transaction.
func (a *attempt) run(ctx context.Context) error {
	if err := a.decide(ctx); err != nil {
		a.abandon(ctx)
		return beforeCommit(err)
	}
	return a.append(ctx)
}

// decide finds out what is new, and writes it.
func (a *attempt) decide(ctx context.Context) error {
	a.g.replay()
	missed, err := a.insert(ctx)
	if err != nil || missed == 0 {
		return err
	}
	if err := a.readStanding(ctx); err != nil {
		return err
	}
	a.g.replay()
	if !a.g.settled() {
		return again{errMoved}
	}
	return a.replace(ctx)
}

// insert inserts all facts that are taken for new, and returns how many keys
// are not, or were known before not to be.
func (a *attempt) insert(ctx context.Context) (missed int, err error) {
	p := &a.g.params
	p.reset()
	for i := range a.g.slots {
		s := &a.g.slots[i]
		s.inserted = nil
		if s.standing.there || s.told == nil {
			missed++
			continue
		}
		p.add(s, a.batch)
	}
	if p.n == 0 {
		return missed, nil
	}
	var t trip
	a.begin(&t)
	t.prepared(stmtInsertFacts, p.facts()...)
	next, created := 0, 0
	err = t.run(ctx, a.pc, func(values [][]byte) error {
		i, ok := a.g.find(values[0], next)
		if !ok {
			return fmt.Errorf("the database inserted another key than was sent: %w", errDamaged)
		}
		a.g.slots[i].inserted = a.g.slots[i].told
		next = i + 1
		created++
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("inserting facts: %w", err)
	}
	return missed + p.n - created, nil
}

// readStanding reads what stands at the keys where nothing was inserted. What can
// be replaced, because it ends some time, is locked and read again.
func (a *attempt) readStanding(ctx context.Context) error {
	keys := &a.g.params.keys
	keys.reset(oidBytea)
	for i := range a.g.slots {
		if s := &a.g.slots[i]; s.inserted == nil {
			s.standing = standing{}
			keys.addBytes(s.key)
		}
	}
	var t trip
	a.begin(&t)
	t.planned(sqlReadFacts, keys.value())
	if err := t.run(ctx, a.pc, a.stands); err != nil {
		return fmt.Errorf("reading what stands: %w", err)
	}
	keys.reset(oidBytea)
	for i := range a.g.slots {
		if s := &a.g.slots[i]; s.standing.there && s.standing.until != 0 {
			s.standing = standing{}
			keys.addBytes(s.key)
		}
	}
	if keys.n == 0 {
		return nil
	}
	var lock trip
	lock.planned(sqlLockFacts, keys.value())
	lock.planned(sqlReadFacts, keys.value())
	if err := lock.run(ctx, a.pc, a.stands); err != nil {
		return fmt.Errorf("locking what stands for a time: %w", err)
	}
	return nil
}

// stands takes a row of sqlReadFacts; others have one column.
func (a *attempt) stands(values [][]byte) error {
	if len(values) == 1 {
		return nil
	}
	i, ok := a.g.find(values[0], 0)
	if !ok {
		return fmt.Errorf("the database has read another key than was asked for: %w", errDamaged)
	}
	a.g.slots[i].standing = standing{
		there:    true,
		quantity: readInt(values[1]),
		until:    readInt(values[2]),
		detail:   append([]byte(nil), values[3]...),
		call:     store.CallID(readInt(values[4])),
	}
	return nil
}

// replace replaces facts that no longer stood.
func (a *attempt) replace(ctx context.Context) error {
	p := &a.g.params
	p.reset()
	for i := range a.g.slots {
		if s := &a.g.slots[i]; s.told != nil && s.standing.there {
			p.add(s, a.batch)
		}
	}
	if p.n == 0 {
		return nil
	}
	var t trip
	t.planned(sqlReplaceFacts, p.facts()...)
	if err := t.run(ctx, a.pc, nil); err != nil {
		return fmt.Errorf("replacing facts: %w", err)
	}
	return nil
}

// append appends the calls to the chain and commits.
func (a *attempt) append(ctx context.Context) error {
	tail := &a.s.tail
	tail.mu.Lock()
	defer tail.mu.Unlock()
	if !tail.known || tail.tenure != a.tenure {
		a.abandon(ctx)
		return again{errFenced}
	}
	a.g.number(store.NewCallID(a.shard, tail.seq+1))
	hash := a.g.link(tail.hash)
	var last store.CallID
	if tail.seq > 0 {
		last = store.NewCallID(a.shard, tail.seq)
	}
	err := a.commit(ctx, last)
	if err != nil {
		// Whatever it was, the next group looks anew where the chain ends.
		tail.known = false
		a.abandon(ctx)
		return err
	}
	tail.seq += uint64(len(a.g.jobs))
	tail.hash = hash
	return nil
}

// commit writes the calls, behind the last one before them, and commits all.
func (a *attempt) commit(ctx context.Context, last store.CallID) error {
	p := &a.g.params
	var t trip
	a.begin(&t)
	t.prepared(stmtAppendCalls, p.calls(a.g, a.tenure, last)...)
	t.prepared(stmtAppendBatch, intValue(a.batch), intValue(int64(a.g.jobs[0].id)))
	before := t.length
	t.prepared(stmtCommit)
	takeWarning(a.pc)
	err := t.run(ctx, a.pc, nil)
	if err == nil && t.done == "COMMIT" {
		return confirmed(takeWarning(a.pc))
	}
	if err == nil {
		// unreachable unless a transaction that was broken off is gone on with:
		// its commit succeeds, and says that it rolled back.
		return again{fmt.Errorf("committing calls: the server answered %q", t.done)}
	}
	err = fmt.Errorf("committing calls: %w", err)
	switch state := sqlState(err); {
	case state == "" || t.answered >= before:
		return inCommit(err)
	case state == stateNotNull, state == stateUnique:
		return again{fmt.Errorf("%w: %w", errFenced, err)}
	}
	return beforeCommit(err)
}

// begin puts the beginning of the transaction before what is sent first.
func (a *attempt) begin(t *trip) {
	if !a.begun {
		t.prepared(stmtBegin)
		a.begun = true
	}
}

// abandon makes sure that nothing of the transaction stays, neither its locks
// nor a connection that is in an unknown state.
func (a *attempt) abandon(ctx context.Context) {
	if a.pc.IsClosed() || a.pc.TxStatus() == 'I' {
		return
	}
	if err := execute(ctx, a.pc, "ROLLBACK"); err != nil {
		_ = a.pc.Close(ctx) // There is nobody left who could be told.
	}
}

func (g *group) link(before audit.Hash) audit.Hash {
	for _, j := range g.jobs {
		before = audit.Link(before, uint64(j.id), j.digest)
		j.hash = before
	}
	return before
}

// readInt reads an int8; null is zero.
func readInt(b []byte) int64 {
	if len(b) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}
