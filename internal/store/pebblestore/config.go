package pebblestore

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Config adjusts a store. The zero value is good for production.
type Config struct {
	// MemTableBytes is how much is collected in memory before it is written as
	// a sorted table; at most two such portions are held. 0 means 16 MiB.
	MemTableBytes uint64
	// CacheBytes is the memory for blocks that were read. 0 means 64 MiB.
	CacheBytes int64
	// FilterBytes bounds the memory for what is known of the facts of hours that
	// are being written; new facts of hours that find no room there cost a read
	// each. 0 means 256 MiB, which is room for 40 million facts.
	FilterBytes int
	// Logger receives what Pebble tells: its course as debug messages, its
	// troubles as warnings. nil means that nobody does.
	Logger *slog.Logger
	// OnGroup is told of every group of calls that was committed: how many
	// calls and facts it had, and how long it took from the first call's turn
	// until the disk had confirmed. It runs on the committer's goroutine, so it
	// must be quick. May be nil.
	OnGroup func(requests, facts int, d time.Duration)

	// segmentFacts replaces the number of facts that are indexed at a time.
	segmentFacts int
	// pause replaces backgroundPause.
	pause time.Duration
	// fs replaces the file system in tests; then dir is a path there.
	fs vfs.FS
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.MemTableBytes == 0 {
		c.MemTableBytes = defaultMemTableBytes
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = defaultCacheBytes
	}
	if c.FilterBytes == 0 {
		c.FilterBytes = defaultFilterBytes
	}
	if c.segmentFacts == 0 {
		c.segmentFacts = segmentFacts
	}
	if c.pause == 0 {
		c.pause = backgroundPause
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.OnGroup == nil {
		c.OnGroup = func(int, int, time.Duration) {}
	}
	if c.fs == nil {
		c.fs = vfs.Default
	}
	return c
}
