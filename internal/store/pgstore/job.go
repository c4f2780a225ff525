package pgstore

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// job is one call on its way into the database. It holds a copy of all that the
// call tells, encoded on the caller's goroutine; so the caller's buffers are
// free as soon as the caller is, also if it waits no longer for the answer.
type job struct {
	at      int64
	guarded bool
	facts   []telling
	// told is what the chain covers and the database keeps, digest stands for
	// it in the chain.
	told   []byte
	digest audit.Digest
	// buf holds the keys and details of facts.
	buf []byte

	// decisions and id are the answer; by is where a decision names a call of
	// the same group, whose number is known last.
	decisions []store.Decision
	by        []int32
	id        store.CallID
	hash      audit.Hash

	// state is what became of the job; see the constants.
	state atomic.Uint32
	// answer has room for the one answer.
	answer chan error
}

// A job waits until a committer takes it or its caller leaves it, whoever comes
// first.
const (
	jobWaits uint32 = iota
	jobTaken
	jobLeft
)

// telling is a fact as it was told.
type telling struct {
	key                        []byte
	quantity, timestamp, until int64
	detail                     []byte
	// slot is the place of its key among those of the group.
	slot int32
}

// same reports whether two facts do not contradict each other.
func (f *telling) same(quantity int64, detail []byte) bool {
	return f.quantity == quantity && bytes.Equal(f.detail, detail)
}

var jobs = sync.Pool{New: func() any { return &job{answer: make(chan error, 1)} }}

// newJob copies a request.
func newJob(r *store.Request) *job {
	j := jobs.Get().(*job)
	j.state.Store(jobWaits)
	j.at, j.guarded = r.At, r.Guarded
	j.told = store.AppendTold(j.told[:0], r)
	j.digest = audit.DigestOf(j.told)

	// The buffer must not move once facts point into it.
	size := 0
	for i := range r.Facts {
		size += keyLen + tailLen + len(r.Facts[i].Detail)
	}
	if cap(j.buf) < size {
		j.buf = make([]byte, 0, size)
	}
	j.buf, j.facts = j.buf[:0], j.facts[:0]
	for i := range r.Facts {
		j.addFact(&r.Facts[i])
	}
	return j
}

func (j *job) addFact(f *store.Fact) {
	from := len(j.buf)
	j.buf = appendKey(j.buf, f.Key)
	mid := len(j.buf)
	j.buf = append(j.buf, f.Detail...)
	j.facts = append(j.facts, telling{
		key:       j.buf[from:mid:mid],
		quantity:  f.Quantity,
		timestamp: f.Timestamp,
		until:     f.Until,
		detail:    j.buf[mid:],
	})
}

// size is about what the job adds to a statement.
func (j *job) size() int { return len(j.told) + len(j.buf) }
