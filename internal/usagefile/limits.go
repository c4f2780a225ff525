package usagefile

const (
	// RowsMax is how many rows one file may have: they are held in memory, at
	// up to two kilobytes each.
	RowsMax = 1_000_000
	// lineBytesMax bounds a line of NDJSON, and of a result file: a record of
	// 2500 allocations has less.
	lineBytesMax = 2 << 20
	// failedBatchesMax is how many calls in a row may fail, with all their
	// retries, before the service is taken for gone.
	failedBatchesMax = 3
	// reasonBytesMax is where a reason in the result file is cut.
	reasonBytesMax = 1 << 10
)
