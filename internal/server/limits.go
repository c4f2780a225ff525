package server

import "time"

const (
	// headersMax is how many header fields a request may have. Real clients
	// send a dozen; beyond this the request is refused before it is read on.
	headersMax = 200
	// bodyTimeout is how long a body may take to arrive: a minute at the
	// slowest link that can still send 1 MB in time for its signature.
	bodyTimeout = time.Minute
	// requestsMax is how many requests may be under way at once. At 1 MB of
	// body each it bounds the memory that callers can make the server use.
	requestsMax = 1024
	// scratchBytesMax is the largest answer whose memory is kept for the next
	// one: that of a full batch without allocations has 15 kB.
	scratchBytesMax = 64 << 10
	// throttlesMax is how many rates are kept: one per account, Region and
	// operation that calls.
	throttlesMax = 10_000
)
