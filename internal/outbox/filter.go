package outbox

import (
	"hash/maphash"
	"sync/atomic"
)

const (
	// layerBytesMin and layerBytesMax bound a layer of a filter: an outbox that
	// sees little uses little, and one that sees much does not have to look
	// into too many.
	layerBytesMin = 64 << 10
	layerBytesMax = 8 << 20
	// layerGrowth is how much larger a layer is than the one before it.
	layerGrowth = 4
	// idsPerBlock fill a block to two fifths, so that about one id in 600 that
	// was never added is taken by a full layer for one that may have been.
	idsPerBlock = 32
)

var hashSeed = maphash.MakeSeed()

// hashOf is the hash that filters take. It differs from process to process.
func hashOf(id EventID) uint64 { return maphash.String(hashSeed, string(id)) }

// filter says of an id that it was surely never added, or that it may have been.
// It grows by layers, each a Bloom filter in blocks of a cache line.
type filter struct {
	pool   *pool
	layers []layer
	// room is how many ids the last layer still takes.
	room int
}

type (
	layer []block
	block [8]uint64
)

const blockSize = 64

// add adds an id, and reports false if there is no memory left for it.
func (f *filter) add(hash uint64) bool {
	if f.room == 0 {
		size := layerBytesMin
		if n := len(f.layers); n > 0 {
			size = min(len(f.layers[n-1])*blockSize*layerGrowth, layerBytesMax)
		}
		if !f.pool.take(size) {
			return false
		}
		f.layers = append(f.layers, make(layer, size/blockSize))
		f.room = size / blockSize * idsPerBlock
	}
	f.room--
	b := f.layers[len(f.layers)-1].block(hash)
	for i := range b {
		b[i] |= bitOf(hash, i)
	}
	return true
}

func (f *filter) has(hash uint64) bool {
	for _, l := range f.layers {
		if l.block(hash).has(hash) {
			return true
		}
	}
	return false
}

// release gives the memory back.
func (f *filter) release() {
	for _, l := range f.layers {
		f.pool.give(len(l) * blockSize)
	}
	f.layers, f.room = nil, 0
}

// block picks by the upper half of the hash, bitOf by the lower.
func (l layer) block(hash uint64) *block {
	return &l[(hash>>32)*uint64(len(l))>>32]
}

func (b *block) has(hash uint64) bool {
	for i := range b {
		if b[i]&bitOf(hash, i) == 0 {
			return false
		}
	}
	return true
}

// mixers are odd, so that each makes other upper bits of the same hash.
var mixers = [8]uint32{0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1, 0xd3a2646d, 0xfd7046c5, 0xb55a4f09}

func bitOf(hash uint64, word int) uint64 {
	return 1 << (uint32(hash) * mixers[word] >> 26)
}

// pool is the memory that all filters share.
type pool struct{ left atomic.Int64 }

func newPool(bytes int) *pool {
	p := new(pool)
	p.left.Store(int64(bytes))
	return p
}

func (p *pool) take(bytes int) bool {
	if p.left.Add(-int64(bytes)) >= 0 {
		return true
	}
	p.give(bytes)
	return false
}

func (p *pool) give(bytes int) { p.left.Add(int64(bytes)) }
