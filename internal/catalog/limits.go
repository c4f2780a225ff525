package catalog

const (
	// sourceBytesMax is the size of a catalog file.
	sourceBytesMax = 16 << 20
	// keyBytesMax is the size of a private key in PEM; one of 16384 bits takes
	// 13 KiB.
	keyBytesMax = 16 << 10
	// nestingMax is how deep flow collections may nest, and how many
	// indicators (dashes, anchors) may follow one another without a value. The
	// YAML parser calls itself for each; a catalog needs ten.
	nestingMax = 100
	// keysMax is the keys of one block mapping. The YAML parser calls itself
	// for each; the longest mapping of a catalog has some twenty.
	keysMax = 1000
	// aliasedMax is the values that are read through aliases, so that a small
	// file cannot stand for a huge one.
	aliasedMax = 10_000
	// aliasHopsMax is the aliases that may lead to one another.
	aliasHopsMax = 8
	// rsaBitsMin is the size of a signing key: what PS256 verifiers still take.
	rsaBitsMin = 2048
	// rsaBitsMax bounds the time that a signature takes.
	rsaBitsMax = 8192
)
