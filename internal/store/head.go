package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/meterd/meterd/internal/audit"
)

// Head is the newest call of a shard.
type Head struct {
	Call CallID
	// Hash is the call's.
	Hash audit.Hash
}

// String writes the head as people keep it: 1042:5d1f…, and 1/77:5d1f… in shard 1.
func (h Head) String() string { return h.Call.String() + ":" + hex.EncodeToString(h.Hash[:]) }

// ParseHead reads what String writes.
func ParseHead(text string) (Head, error) {
	call, hash, _ := strings.Cut(text, ":")
	shard, seq, sharded := strings.Cut(call, "/")
	if !sharded {
		shard, seq = "0", call
	}
	shardNumber, shardErr := strconv.ParseUint(shard, 10, 16)
	seqNumber, seqErr := strconv.ParseUint(seq, 10, seqBits)
	bytes, hashErr := hex.DecodeString(hash)
	h := Head{Call: NewCallID(uint16(shardNumber), seqNumber)}
	if errors.Join(shardErr, seqErr, hashErr) != nil || len(bytes) != len(h.Hash) || seqNumber == 0 {
		return Head{}, fmt.Errorf("%q is not a head such as 1042:5d1f… with 64 hex digits", text)
	}
	copy(h.Hash[:], bytes)
	return h, nil
}
