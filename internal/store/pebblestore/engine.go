package pebblestore

import (
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/meterd/meterd/internal/pebbledir"
)

// formatMajorVersion is the format of Pebble's own files, pebble.FormatNewest of
// v2.1. It is a number here so that a newer Pebble changes no file unasked.
const formatMajorVersion pebble.FormatMajorVersion = 24

// options says how Pebble is used here.
func options(cfg Config) *pebble.Options {
	o := &pebble.Options{
		FormatMajorVersion: formatMajorVersion,
		FS:                 pebbledir.FS{FS: cfg.fs, Locked: ErrLocked},
		MemTableSize:       cfg.MemTableBytes,
		// Tables of the index come in portions that overlap.
		L0CompactionThreshold: overlapMax,
		CacheSize:             cfg.CacheBytes,
		Logger:                pebbledir.Logger{Log: cfg.Logger},
		EventListener:         listener(cfg),
	}
	// The other levels take these from the first.
	o.Levels[0].BlockSize = blockBytes
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(bloomBits)
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	return o
}

// tableOptions says how tables are written that the database takes as they are.
func tableOptions(db *pebble.DB, cfg Config) sstable.WriterOptions {
	o := options(cfg)
	o.EnsureDefaults()
	return o.MakeWriterOptions(0, db.TableFormat())
}

// listener hears of troubles that nobody waits for.
func listener(cfg Config) *pebble.EventListener {
	log := cfg.Logger
	return &pebble.EventListener{
		// Pebble tries again at once and for ever, on a full disk for example.
		BackgroundError: func(err error) {
			log.Warn("pebble had an error in the background and tries again", "error", err)
			time.Sleep(cfg.pause)
		},
		// Whoever reads the damaged entry gets an error. Left alone, Pebble
		// would end the process.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			log.Error("a file of the ledger is damaged", "info", info.String())
		},
		// The process ends right after this, and does not say why.
		WALCreated: func(info pebble.WALCreateInfo) {
			if info.Err != nil {
				log.Error("pebble cannot make a new log and ends the process", "error", info.Err)
			}
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			log.Warn("writing is faster than the disk can sort", "reason", info.Reason)
		},
	}
}
