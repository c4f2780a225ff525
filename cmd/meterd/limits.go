package main

import "time"

const (
	// shutdownMax is how long running requests may take to finish once the
	// service was told to end. What takes longer is cut, and says so in the log.
	shutdownMax = 30 * time.Second
	// readHeaderMax is how long a request's headers may take to arrive.
	readHeaderMax = 10 * time.Second
	// idleMax is how long a connection may wait for its next request: longer
	// than the pools of the AWS SDKs keep theirs (boto3 60 s, Go 90 s), so that
	// the client is the one to close.
	idleMax = 3 * time.Minute
	// headerBytesMax bounds a request's headers. It is generous because what
	// is larger is refused below the API, without its JSON.
	headerBytesMax = 512 << 10
	// adminTokenBytes is the randomness of a made admin token.
	adminTokenBytes = 32
	// adminAnswerMax bounds what a command reads of an answer that it holds in
	// memory; records are streamed and have no bound.
	adminAnswerMax = 64 << 20
	// captureBytesMax is how much explain reads of a log: an answer of the
	// service is smaller.
	captureBytesMax = 8 << 20
	// adminTimeout is how long a command waits for the admin surface to begin
	// its answer.
	adminTimeout = 30 * time.Second

	// heapGoal is how large the heap may become before it is collected, unless
	// that would let it grow by less than heapPercentMin of what is alive, or by
	// more than heapPercentMax. heapTended is how often that is looked after.
	heapGoal       = 256 << 20
	heapPercentMin = 33
	heapPercentMax = 400
	heapTended     = time.Second
)
