package client

import "time"

const (
	// attemptTimeout is how long one attempt may take: 1 MB at the slowest
	// link that is of use, and the service's time to answer.
	attemptTimeout = 30 * time.Second
	// answerBytesMax is the largest answer that is read. A batch of just under
	// 1 MB comes back whole, with escapes and record ids added.
	answerBytesMax = 8 << 20
	// retryAfterMax is the longest pause that the service can ask for. Whoever
	// is asked for more gets an [Error] that says how much more.
	retryAfterMax = time.Minute
	// skewMin is how far the clocks must be apart before a refused signature
	// is blamed on them; signatures are good for 5 minutes either way.
	skewMin = 4 * time.Minute

	// batchCallsPerSecond is the pace of SubmitAll, just under the quota of
	// 10 calls per second that an account has in a Region (M0191).
	batchCallsPerSecond = 9
	// batchCallsPerSecondMin is the pace that throttling can slow it down to.
	batchCallsPerSecondMin = 0.2
	// roundsMax is how often SubmitAll sends a record that comes back
	// unprocessed or whose call fails; each round is a call with its retries.
	roundsMax = 4
	// failedBatchesMax is how many batches in a row may fail in all their
	// rounds before SubmitAll takes the service for gone.
	failedBatchesMax = 3

	// registrationBytesMax bounds the form that a buyer's browser posts, which
	// is little more than a token.
	registrationBytesMax = 64 << 10
	// issuedAtLeeway is how far ahead of this machine's clock a registration
	// may have been signed.
	issuedAtLeeway = time.Minute
)
