package intake

const (
	// LineBytesMax is how long one event may be, in bytes of JSON.
	LineBytesMax = 64 << 10
	// nestingMax is how deep values may lie in one another; an event needs three.
	nestingMax = 32
	// shownBytesMax is how much of a wrong value a problem repeats.
	shownBytesMax = 60
)
