package outbox

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/meterd/meterd/internal/metering"
)

// Config adjusts an outbox. The zero value is good for production.
type Config struct {
	// Remember is how long the ids of events are remembered at least. 0 means
	// DefaultRemember; less than a day is taken for a day. Events whose time
	// lies further back are refused, so that an event which is posted again
	// with the same time never counts twice, not even after that.
	Remember time.Duration
	// Keep is how long records are kept after their hour when nothing is left
	// to do about them. 0 means DefaultKeep.
	Keep time.Duration
	// Window says until when usage can be told. Zero means BatchMeterUsage of
	// the default profile.
	Window metering.Window
	// Terms says how a key's usage becomes a billed quantity. It must be pure.
	// nil means that what is told is what is billed.
	Terms func(Key) Terms
	// ReserveBytes must be free on the disk for events to be accepted. What
	// settles and forgets may use the reserve. 0 means 256 MiB.
	ReserveBytes uint64
	// FilterBytes is the memory that spares looking on the disk for ids that
	// were never claimed, about 2 bytes for each. When it is used up, events
	// cost more. 0 means 64 MiB; little is used at first.
	FilterBytes int
	// MemTableBytes is how much is collected in memory before it is written as
	// a sorted table. Two such portions are held, and four at most. 0 means
	// 16 MiB.
	MemTableBytes uint64
	// CacheBytes is the memory for blocks that were read. 0 means 32 MiB.
	CacheBytes int64
	// Logger receives what the engine tells: its course as debug messages, its
	// troubles as warnings. nil means that nobody does.
	Logger *slog.Logger

	// FS replaces the file system in tests that cut the power; then the
	// directory is a path there.
	FS vfs.FS
}

// Terms are how a key's usage becomes a billed quantity. They are applied when
// an hour is frozen.
type Terms struct {
	// Per is how many told units make one billed unit; what does not fill one
	// is carried to a later hour. 0 means 1.
	Per int64
	// Included is how many told units of each UTC month are not billed.
	Included int64
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() (Config, error) {
	c.Remember = max(orDefault(c.Remember, DefaultRemember), rememberMin)
	c.Keep = max(orDefault(c.Keep, DefaultKeep), c.Remember)
	c.ReserveBytes = orDefault(c.ReserveBytes, defaultReserveBytes)
	c.FilterBytes = orDefault(c.FilterBytes, defaultFilterBytes)
	c.MemTableBytes = orDefault(c.MemTableBytes, defaultMemTableBytes)
	c.CacheBytes = orDefault(c.CacheBytes, defaultCacheBytes)
	c.Logger = orDefault(c.Logger, slog.New(slog.DiscardHandler))
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Terms == nil {
		c.Terms = func(Key) Terms { return Terms{} }
	}
	if c.Window == (metering.Window{}) {
		profile, err := metering.ProfileNamed(metering.DefaultProfile)
		if err != nil {
			return Config{}, err
		}
		c.Window = profile.BatchWindow()
	}
	return c, nil
}

func orDefault[T comparable](value, standard T) T {
	var zero T
	if value == zero {
		return standard
	}
	return value
}

// termsOf are the terms of a key with what was left out filled in.
func (c *Config) termsOf(k Key) Terms {
	t := c.Terms(k)
	return Terms{Per: max(t.Per, 1), Included: max(t.Included, 0)}
}
