package audit

import (
	"crypto/sha256"
	"encoding/binary"
)

// Hash is a link of the chain of calls. It stands for its call and, through the
// link before it, for all calls before that: whoever keeps one can tell later
// whether anything before it was changed, left out, or put in.
type Hash [sha256.Size]byte

// Genesis is the link that the first call of every chain follows: the SHA-256 of
// "meterd call chain". It is fixed, so that the first call cannot be left out.
var Genesis = Hash(sha256.Sum256([]byte("meterd call chain")))

// Digest stands for what one call told.
type Digest [sha256.Size]byte

// DigestOf returns the SHA-256 of what a call told, in the form of
// store.AppendTold. It depends on no other call, so that it can be computed
// before the call has its place in the chain.
func DigestOf(told []byte) Digest { return sha256.Sum256(told) }

// linkVersion leads the bytes of a link; another layout takes another version.
const linkVersion = 1

// Link returns the link of a call: the SHA-256 of
//
//	version  u8   1
//	before   32   the link of the call before it, or Genesis
//	id       u64  the call's id, big endian
//	told     32   the call's digest
//
// What became of the call's facts is not part of it: that follows from what was
// told by this call and those before it, and a store that lets a database decide
// knows it only when the link must have been written.
func Link(before Hash, id uint64, told Digest) Hash {
	var b [1 + len(before) + 8 + len(told)]byte
	b[0] = linkVersion
	copy(b[1:], before[:])
	binary.BigEndian.PutUint64(b[1+len(before):], id)
	copy(b[1+len(before)+8:], told[:])
	return sha256.Sum256(b[:])
}
