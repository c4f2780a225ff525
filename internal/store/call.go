package store

import (
	"fmt"

	"github.com/meterd/meterd/internal/audit"
)

// CallID numbers the calls of a shard from 1 in the order of their commits,
// without gaps. The shard is in its upper 16 bits: where several processes write
// to one database, each has a shard of its own, so that none waits for another's
// numbers. A store with one writer has shard 0 only, where ids are the numbers.
type CallID uint64

// seqBits are the bits of a CallID below the shard.
const seqBits = 48

// NewCallID is the id of the seq-th call of a shard.
func NewCallID(shard uint16, seq uint64) CallID {
	return CallID(uint64(shard)<<seqBits | seq)
}

// Shard returns the shard that the call belongs to.
func (id CallID) Shard() uint16 { return uint16(id >> seqBits) }

// Seq returns the call's number in its shard.
func (id CallID) Seq() uint64 { return uint64(id) & (1<<seqBits - 1) }

// String writes the id as people and heads do: the call's number, with its shard
// before it where that is not 0.
func (id CallID) String() string {
	if id.Shard() == 0 {
		return fmt.Sprint(id.Seq())
	}
	return fmt.Sprintf("%d/%d", id.Shard(), id.Seq())
}

// Call is a remembered call. Calls are the truth of a ledger: the facts that
// stand are an index of what calls told, and follow from it.
type Call struct {
	ID CallID
	// At is Request.At.
	At int64
	// Entry is Request.Call.
	Entry []byte
	// Guarded is Request.Guarded.
	Guarded bool
	// Facts are those of the request as they were told, in order, whatever
	// became of them. Their Call is this one.
	Facts []Fact
	// Outcomes are those of Facts. Within a shard they follow from what this
	// call and those before it told, except that nobody knows why a fact is
	// Faulted, or that one was told anew after DropBefore.
	Outcomes []Outcome
	// Hash links the call to the one before it in its shard; see Link.
	Hash audit.Hash
}

// Link returns the Hash that the call must have behind a call with the hash
// before; the first call of a shard comes behind audit.Genesis.
func (c *Call) Link(before audit.Hash) audit.Hash {
	told := AppendTold(nil, &Request{At: c.At, Guarded: c.Guarded, Call: c.Entry, Facts: c.Facts})
	return audit.Link(before, uint64(c.ID), audit.DigestOf(told))
}
