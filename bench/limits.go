package bench

import "time"

const (
	// ConnectionsMax is how many connections one run may have; a machine gives
	// a process about as many files.
	ConnectionsMax = 4096
	// spaceMax is how many pairs of buyer and dimension a marketplace may have,
	// so that numbers of records can be multiplied within 64 bits.
	spaceMax = 100_000_000
	// DurationMax is how long a run may take. The records of a run keep their
	// hours, and the oldest of these must stay open until its end.
	DurationMax = 50 * time.Minute
	// answerBytesMax is the size of an answer that is still read. A batch of
	// 25 records without allocations is answered with less than 10 kB.
	answerBytesMax = 1 << 20
	// answerMax is how long an answer may take before the run has failed.
	answerMax = 30 * time.Second
	// toldMax is how many records of a product each connection remembers to
	// retry and to contradict.
	toldMax = 64
	// troublesMax is how many troubles a report names; the others are counted.
	troublesMax = 5
	// shownBytesMax is how much of an odd answer a trouble repeats.
	shownBytesMax = 400
	// paceInterval is how often the progress is looked at.
	paceInterval = 100 * time.Millisecond
)
