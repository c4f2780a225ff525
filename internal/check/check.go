// Package check proves a ledger sound, or names the first thing that is not.
//
// The log of calls is the truth: it is chained, and what stands as a fact must
// follow from what the calls told. The room re-derives all of it from a store
// and believes nothing that it can derive; it writes nothing, decides nothing
// about usage, and knows no clock.
package check

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/retention"
	"github.com/meterd/meterd/internal/store"
)

// problemsMax is how many problems a report names; one broken link is enough
// to distrust what follows, and a list of millions helps nobody.
const problemsMax = 20

// Report is what a check found.
type Report struct {
	// Calls and Facts are how many were checked.
	Calls, Facts uint64
	// Heads are the newest calls that the chain was whole up to.
	Heads []store.Head
	// Problems are the first of those found, in the order of the log.
	Problems []Problem
	// More is how many others there are.
	More uint64
	// Cut is what retention has dropped: there is nothing of it to check but
	// the sums.
	Cut *retention.Cut
}

// Sound reports whether nothing was wrong.
func (r *Report) Sound() bool { return len(r.Problems) == 0 }

// Problem is one thing that is not as it must be.
type Problem struct {
	// Call is where it shows; 0 if in no call.
	Call store.CallID
	Text string
}

func (p Problem) String() string {
	if p.Call == 0 {
		return p.Text
	}
	return fmt.Sprintf("call %s: %s", p.Call, p.Text)
}

// Options of a check.
type Options struct {
	// Since are heads that somebody kept: the log must still contain them.
	Since []store.Head
	// Progress is called now and then with the calls checked; may be nil.
	Progress func(calls uint64)
}

// Ledger checks all of a store. An error says that the store could not be
// read, or that a head of Options.Since is from before what retention has dropped;
// what is wrong with the ledger is in the report.
func Ledger(ctx context.Context, s store.Store, options Options) (*Report, error) {
	c := &checker{
		store: s, Options: options,
		passing: passing{seed: maphash.MakeSeed(), last: map[store.Key]creation{}},
		last:    map[uint16]store.Head{}, created: map[store.Kind]uint64{}, orphans: map[store.Kind]uint64{},
		named: map[store.NameID]*string{}, says: map[store.NameID]struct{}{}, uses: map[store.NameID]store.CallID{},
		cut: new(retention.Cut),
	}
	if err := c.readCut(ctx); errors.Is(err, store.ErrDamaged) {
		c.problem(0, "cannot be read: %v", err)
	} else if err != nil {
		return nil, err
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"shards", c.shards}, {"calls", c.calls}, {"heads", c.heads}, {"facts", c.facts}, {"sums", c.sums}, {"checksums", c.bytes},
	} {
		err := step.do(ctx)
		if errors.Is(err, store.ErrDamaged) {
			// What comes behind would only show the same damage again.
			c.problem(c.reading, "cannot be read: %v", err)
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", step.what, err)
		}
	}
	c.report.Cut = c.cut
	return &c.report, nil
}

type checker struct {
	Options
	store  store.Store
	report Report
	// reading is the call that is being read; 0 if none is.
	reading store.CallID
	// named are the names that were looked up; nil is one that is missing.
	named map[store.NameID]*string
	// says are the names that calls say, uses those in the keys of facts, with
	// the first call.
	says    map[store.NameID]struct{}
	uses    map[store.NameID]store.CallID
	passing passing
	// last is the newest call seen of each shard.
	last map[uint16]store.Head
	// created counts the facts that the log says were created, but for those of
	// hours that were dropped.
	created map[store.Kind]uint64
	cut     *retention.Cut
	// orphans counts the facts whose calls were dropped.
	orphans map[store.Kind]uint64
}

func (c *checker) problem(call store.CallID, format string, args ...any) {
	if len(c.report.Problems) == problemsMax {
		c.report.More++
		return
	}
	c.report.Problems = append(c.report.Problems, Problem{call, fmt.Sprintf(format, args...)})
}

// shards finds out whether there are several.
func (c *checker) shards(ctx context.Context) error {
	heads, err := c.store.Heads(ctx)
	c.passing.alone = len(heads) <= 1
	return err
}

// progressEvery is how many calls pass between two reports of progress.
const progressEvery = 1000

func (c *checker) calls(ctx context.Context) error {
	c.reading = 1
	for call, err := range c.store.ScanCalls(ctx, 0) {
		if err != nil {
			return err
		}
		c.reading = call.ID
		c.link(&call)
		if err := c.entry(ctx, &call); err != nil {
			return err
		}
		if err := c.told(ctx, &call); err != nil {
			return err
		}
		c.reading++
		if c.report.Calls++; c.Progress != nil && c.report.Calls%progressEvery == 0 {
			c.Progress(c.report.Calls)
		}
	}
	c.reading = 0
	c.unsaid()
	c.sinceSeen()
	return nil
}

// sums checks that those of dropped records are as they were counted.
func (c *checker) sums(ctx context.Context) error {
	wrong, err := c.cut.CheckSums(ctx, c.store)
	for _, month := range wrong {
		c.problem(0, "the sums of %s, whose records were dropped, are not those that were counted", month)
	}
	return err
}

// bytes has the store look at those of its bytes that no entry is read from.
func (c *checker) bytes(ctx context.Context) error {
	if s, ok := c.store.(store.Verifier); ok {
		return s.Verify(ctx)
	}
	return nil
}

// link checks that the call follows the one before it in its shard.
func (c *checker) link(call *store.Call) {
	shard := call.ID.Shard()
	last, ok := c.last[shard]
	if !ok {
		last = c.beginning(call)
	}
	switch {
	case call.ID != last.Call+1:
		c.problem(call.ID, "follows call %s: there is a gap", last.Call)
	case last.Hash == unknown:
	case call.Link(last.Hash) != call.Hash:
		c.problem(call.ID, "its hash does not follow from call %s and what it tells: one of the two was changed", last.Call)
	}
	if cut := c.cut.Head(shard); call.ID == cut.Call && call.Hash != cut.Hash {
		c.problem(call.ID, "has another hash than when retention was about to drop it")
	}
	// The walk goes on from what stands, so that one change is one problem.
	c.last[shard] = store.Head{Call: call.ID, Hash: call.Hash}
	for _, kept := range c.Since {
		if kept.Call == call.ID && kept.Hash != call.Hash {
			c.problem(call.ID, "has another hash than the head that was kept: history was changed")
		}
	}
}

// unknown is the hash of a call that nobody knows.
var unknown audit.Hash

// beginning is what the first call of a shard must come behind: the cut, if there
// is one. A dropping that was broken off may have left any of the calls before it.
func (c *checker) beginning(first *store.Call) store.Head {
	shard := first.ID.Shard()
	cut := c.cut.Head(shard)
	switch {
	case cut.Call.Seq() == 0 || c.cut.Dropping != 0 && first.ID.Seq() == 1:
		return store.Head{Call: cut.Call - store.CallID(cut.Call.Seq()), Hash: audit.Genesis}
	case c.cut.Dropping != 0 && first.ID <= cut.Call:
		return store.Head{Call: first.ID - 1, Hash: unknown}
	}
	return cut
}

// readCut reads what retention has dropped, of which nothing is to be expected.
func (c *checker) readCut(ctx context.Context) error {
	cut, err := retention.Read(ctx, c.store)
	if err != nil {
		return err
	}
	c.cut = cut
	// Of tokens that dropped calls have created, nothing is known.
	c.passing.forgotten = cut.Hour > 0
	return c.sinceCut()
}

// sinceCut refuses heads of calls that were dropped: nobody can tell any more
// whether they were so. That of the newest of them is in the cut.
func (c *checker) sinceCut() error {
	for _, kept := range c.Since {
		cut := c.cut.Head(kept.Call.Shard())
		if kept.Call < cut.Call {
			return fmt.Errorf("the head of call %s cannot be proven any more: retention has dropped the calls up to %s. Keep a newer head or checkpoint; heads from that call on can be proven", kept.Call, cut.Call)
		}
		if kept.Call == cut.Call && kept.Hash != cut.Hash {
			c.problem(kept.Call, "has another hash than the head that was kept: history was changed")
		}
	}
	return nil
}

// sinceSeen checks that the log reaches every head that was kept.
func (c *checker) sinceSeen() {
	for _, kept := range c.Since {
		if last := c.last[kept.Call.Shard()]; kept.Call > last.Call {
			c.problem(0, "the log ends at call %s, before the head %s that was kept: history was cut off", last.Call, kept.Call)
		}
	}
}

// heads checks that what the store says of its newest calls is so.
func (c *checker) heads(ctx context.Context) error {
	heads, err := c.store.Heads(ctx)
	if err != nil {
		return err
	}
	for _, head := range heads {
		if last := c.last[head.Call.Shard()]; last != head {
			c.problem(head.Call, "is the head of its shard, but the log ends at call %s", last.Call)
		}
	}
	if len(heads) != len(c.last) {
		c.problem(0, "there are %d heads of %d shards", len(heads), len(c.last))
	}
	c.report.Heads = heads
	return nil
}
