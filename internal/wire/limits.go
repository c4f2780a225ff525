package wire

// Limits of a document. Its size is bounded by whoever reads the body, see
// [api.RequestBytesLimit]; the lengths of lists and texts by the model.
const (
	// nestingMax is how deep objects and lists may stand in each other, the
	// body's own object included. A modelled request needs 7; members that the
	// model does not know may use the rest. Jackson, which the service's
	// framework parses with, stops at the same depth by default (M0035).
	nestingMax = 1000
	// shownBytesMax is how much of an unreadable timestamp its error repeats.
	shownBytesMax = 64
	// exponentMax is where reading a number's exponent stops: no body holds a
	// mantissa so long that a greater one could make a difference.
	exponentMax = 1 << 24
	// slabMax is how many values one slab holds at most, so that a small
	// request cannot make the decoder reserve much.
	slabMax = 256
)
