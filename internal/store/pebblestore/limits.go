package pebblestore

import "time"

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

	defaultMemTableBytes = 64 << 20
	defaultCacheBytes    = 64 << 20
	// blockBytes is the size of a table's blocks before compression.
	blockBytes = 16 << 10
	// bloomBits per key give about one needless read in a hundred lookups.
	bloomBits = 10

	// backgroundPause is how long Pebble is held up after an error in the
	// background before it tries again.
	backgroundPause = 100 * time.Millisecond
)
