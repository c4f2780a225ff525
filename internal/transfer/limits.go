package transfer

const (
	// writeBytes is how much is written at a time.
	writeBytes = 256 << 10
	// lineBytesMax bounds a line. A call's entry and facts come from a body of
	// at most 1 MiB; in base64, with room to spare.
	lineBytesMax = 32 << 20
	// pageCalls and pageBytes are how much is loaded as one commit.
	pageCalls = 1000
	pageBytes = 4 << 20
	// pageItems is how many names or rows are written as one commit.
	pageItems = 1000
)
