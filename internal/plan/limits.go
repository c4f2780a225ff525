package plan

import "time"

// SettleMax is how long an hour may wait for late events: with more, a month's
// last hour would hardly, or never, be frozen before the month closes at 06:00 UTC.
const SettleMax = 5 * time.Hour

// SettleWhy explains SettleMax to who has asked for more.
const SettleWhy = "5h is the most, because a month's last hour can be billed until 06:00 UTC only"

const (
	// fileBytesMax is the size of a configuration file.
	fileBytesMax = 128 << 10
	// tokensMax is how many words, brackets and dashes it may have, and
	// nestingMax how many brackets may be open or dashes follow one another. The
	// YAML parser calls itself for each, and takes the square of the time.
	tokensMax  = 20_000
	nestingMax = 20
	// secretBytesMax is the size of a file with a token, key or URL.
	secretBytesMax = 8 << 10
	// ratioMax bounds multiply and divide, and what they come to together: with
	// more, an ordinary quantity would not fit into an event.
	ratioMax = 1 << 31
)
