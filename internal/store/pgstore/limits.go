package pgstore

import "time"

const (
	// groupJobs is how many calls one transaction can commit. More would no
	// longer lower the cost of a call noticeably, but delay the first ones'
	// answers, and make more conflicts between replicas. The place of a call in
	// its batch must fit in placeBits.
	groupJobs = 64
	// groupBytes is the size of a group at which no further call joins it, so
	// that calls with large entries do not pile up to an oversized statement.
	groupBytes = 4 << 20
	// queueLength is how many calls can wait for a committer; further ones wait
	// in line for the queue.
	queueLength = 4 * defaultCommitters * groupJobs

	defaultCommitters = 4
	defaultReaders    = 4
	defaultLease      = 15 * time.Second
	defaultPatience   = 5 * time.Second

	// renewals is how often a shard's lease is renewed within its time, so that
	// a slow renewal or two do not lose it.
	renewals = 3

	// A transaction that must run again waits between retryPauseMin, so that the
	// one it met can end, and retryPauseMax, so that it is there soon after a
	// fail-over. The pause doubles each time, and a random part of it is left
	// out, so that replicas do not meet again.
	retryPauseMin = 2 * time.Millisecond
	retryPauseMax = 500 * time.Millisecond

	// connectTime is how long a server may take to accept a connection.
	connectTime = 3 * time.Second
	// replyTime bounds what a reader or a small write asks of the database, also
	// where its caller has no bound: a database that hangs must not hold it for
	// ever.
	replyTime = 30 * time.Second
	// measureTime bounds the look at the ledger's size, which is only a gauge.
	measureTime = time.Second
	// forgetTime bounds one transaction that forgets: all facts of an hour, or
	// all there is.
	forgetTime = 10 * time.Minute
	// factsPage and callsPage are how many facts and calls a scan reads at a
	// time. A connection is not held between pages.
	factsPage = 1000
	callsPage = 100

	// dropPage is how many calls one transaction drops.
	dropPage = 10_000

	// shardMax is the last shard: the ids of its calls, and those of the shard
	// that would come after it, must be positive for the database.
	shardMax = 1<<15 - 2
)
