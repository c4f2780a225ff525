package pebblestore

import "time"

// ownShard is the shard of the calls that are told to this store: it has one
// writer. Those of others come by Load only.
const ownShard = 0

const (
	// queueLength is how many calls can wait for the committer; further ones
	// wait in line for the queue. Four groups keep the committer busy.
	queueLength = 4 * groupJobs
	// groupJobs is how many calls one sync can confirm. More would no longer
	// lower the cost of a call noticeably, but delay the first ones' answers.
	groupJobs = 256
	// groupBytes is the size of a batch at which no further call joins it, so
	// that calls with large entries do not pile up to an oversized batch.
	groupBytes = 4 << 20

	// jobBytesMax is the size of the buffers with which a job is kept for
	// another one, so that one oversized call does not hold memory for ever.
	jobBytesMax = 1 << 20

	// segmentFacts and segmentBytes are how much of the log is indexed at a
	// time. More is cheaper to index, since tables overlap less, but takes
	// memory, and time when the ledger is opened after a crash.
	segmentFacts = 500_000
	segmentBytes = 64 << 20
	// sealedMax is how many segments can wait for the indexer; then commits do.
	sealedMax = 2
	// tableBytesPerSync is how much of a table is written between two syncs.
	tableBytesPerSync = 512 << 10

	defaultFilterBytes = 256 << 20
	// filterHoursMax is how many hours can have a filter at a time.
	filterHoursMax = 1024
	// An hour that was not written for filterIdleMillis by the time of calls
	// has no filter any more when a later hour begins. Hours are looked through
	// every filterSweepMillis at most.
	filterIdleMillis  = 2 * hourMillis
	filterSweepMillis = 60_000

	// reserveBytes of the disk are kept free, on a small one its reserveShare-th
	// part: before that is used, usage is refused. It is room for what Pebble does
	// behind the log. Of the reserve, all but its reserveRest-th part is for calls
	// that tell no usage, and for changes of the marketplace.
	reserveBytes = 256 << 20
	reserveShare = 8
	reserveRest  = 4

	defaultMemTableBytes = 8 << 20
	defaultCacheBytes    = 48 << 20
	// blockBytes is the size of a table's blocks before compression.
	blockBytes = 16 << 10
	// overlapMax is how many tables may have to be looked in for one key before
	// they are merged. More means that what is merged is written less often.
	overlapMax = 8
	// bloomBits per key give about one needless read in a hundred lookups.
	bloomBits = 10

	// backgroundPause is how long Pebble and the indexer are held up after an
	// error in the background before they try again.
	backgroundPause = 100 * time.Millisecond
)
