package plan

const (
	// fileBytesMax is the size of a configuration file.
	fileBytesMax = 1 << 20
	// secretBytesMax is the size of a file with a token, key or URL.
	secretBytesMax = 8 << 10
	// mistakesMax is how many mistakes are told.
	mistakesMax = 100
	// shownRunesMax is how much of a wrong value a mistake repeats.
	shownRunesMax = 60
	// ratioMax bounds multiply and divide, and what they come to together: with
	// more, an ordinary quantity would not fit into an event.
	ratioMax = 1 << 31
)
