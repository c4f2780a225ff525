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
// read; what is wrong with its contents is in the report.
func Ledger(ctx context.Context, s store.Store, options Options) (*Report, error) {
	c := &checker{
		store: s, Options: options,
		passing: passing{seed: maphash.MakeSeed(), last: map[store.Key]creation{}},
		last:    map[uint16]store.Head{}, created: map[store.Kind]uint64{}, named: map[store.NameID]*string{},
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"shards", c.shards}, {"calls", c.calls}, {"heads", c.heads}, {"facts", c.facts}, {"checksums", c.bytes},
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
	return &c.report, nil
}

type checker struct {
	Options
	store  store.Store
	report Report
	// reading is the call that is being read; 0 if none is.
	reading store.CallID
	// named are the names that were looked up; nil is one that is missing.
	named   map[store.NameID]*string
	passing passing
	// last is the newest call seen of each shard.
	last map[uint16]store.Head
	// created counts the facts that the log says were created.
	created map[store.Kind]uint64
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
	c.sinceSeen()
	return nil
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
		last = store.Head{Call: store.NewCallID(shard, 0), Hash: audit.Genesis}
	}
	if call.ID != last.Call+1 {
		c.problem(call.ID, "follows call %s: there is a gap", last.Call)
	} else if call.Link(last.Hash) != call.Hash {
		c.problem(call.ID, "its hash does not follow from call %s and what it tells: one of the two was changed", last.Call)
	}
	// The walk goes on from what stands, so that one change is one problem.
	c.last[shard] = store.Head{Call: call.ID, Hash: call.Hash}
	for _, kept := range c.Since {
		if kept.Call == call.ID && kept.Hash != call.Hash {
			c.problem(call.ID, "has another hash than the head that was kept: history was changed")
		}
	}
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
