package pebblestore

import (
	"sync"
	"sync/atomic"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// job is what one caller wants to have written: a request, or something else.
type job struct {
	// request is what a call tells, prepared by its caller's goroutine, where
	// many can do so at a time.
	request *store.Request
	// told is the request in the form of the log.
	told   []byte
	digest audit.Digest
	// entries are those of the request's facts, one behind the other.
	entries []byte
	facts   []preparedFact

	// stage adds something else to a group. After an error nothing was added
	// and the error is the answer. It runs on the committer's goroutine.
	stage func(*group) error

	// taken is set by whoever comes first: the committer, when it begins, or
	// the caller, when it gives up waiting for that. So the committer uses the
	// caller's buffers only while the caller waits for the answer.
	taken atomic.Bool
	// answer has room for the one answer.
	answer chan error
}

// preparedFact is what is known of a fact before it is decided.
type preparedFact struct {
	// from and to are where its entry is in job.entries.
	from, to int
	hash     uint64
	// isNew says that its key is surely new.
	isNew bool
}

// jobs are those that are not in use. One whose caller gave up waiting is not
// used again, because the committer may still meet it.
var jobs = sync.Pool{New: func() any { return &job{answer: make(chan error, 1)} }}

// prepare does for a request what needs no knowledge of other calls.
func (j *job) prepare(s *Store, r *store.Request) {
	j.request = r
	j.told = store.AppendTold(j.told[:0], r)
	j.digest = audit.DigestOf(j.told)
	j.entries, j.facts = j.entries[:0], j.facts[:0]
	for i := range r.Facts {
		from := len(j.entries)
		j.entries = appendEntry(j.entries, &r.Facts[i])
		hash := s.hash(entryKey(j.entries[from:]))
		j.facts = append(j.facts, preparedFact{from: from, to: len(j.entries), hash: hash})
	}
}

// release lets a job be used again, once its caller has the answer.
func (j *job) release() {
	j.request, j.stage = nil, nil
	j.taken.Store(false)
	if cap(j.told)+cap(j.entries) <= jobBytesMax {
		jobs.Put(j)
	}
}
