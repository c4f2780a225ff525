package server

import (
	"sync"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
)

// scratch is the memory that an exchange works in, and after it another one.
// Nothing of it outlives the sending of the answer. The body is not in it:
// texts of the request lie there, and nobody could be sure where they end up.
type scratch struct {
	usages  []metering.Usage
	results []api.UsageRecordResult
	answer  []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// release forgets what the exchange was about, and gives the memory to the next
// one, unless an unusual answer made it large.
func (s *scratch) release() {
	if cap(s.answer) > scratchBytesMax {
		return
	}
	clear(s.usages)
	clear(s.results)
	*s = scratch{s.usages[:0], s.results[:0], s.answer[:0]}
	scratches.Put(s)
}
