package admin

const (
	// catalogBytesMax bounds the body of PUT catalog.
	catalogBytesMax = 16 << 20
	// bodyBytesMax bounds every other body.
	bodyBytesMax = 64 << 10
	// recordsDefault is how many records a JSON answer lists when the request
	// does not say; NDJSON, which is not held in memory, lists all.
	recordsDefault = 1000
	// recordsMax is the most records a JSON answer lists, because it is put
	// together in memory.
	recordsMax = 100_000
)
