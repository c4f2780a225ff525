package pgstore

import (
	"log/slog"
	"time"
)

// Config adjusts a store. The zero value is good for production.
type Config struct {
	// Committers is how many groups of calls are committed at the same time,
	// each on a connection of its own. 0 means 4.
	Committers int
	// Readers is how many connections there are for all but commits: reads,
	// names, small tables. 0 means 4.
	Readers int
	// Lease is how long a shard waits for a replica that is not heard of,
	// before another may take it. 0 means 15 s.
	Lease time.Duration
	// Patience is how long a call waits for a database that does not answer or
	// cannot be reached; a fail-over that is quicker goes unnoticed. From then
	// on calls are refused at once until the database is back. 0 means 5 s.
	Patience time.Duration
	// MustExist makes Open refuse a database that holds no ledger, instead of
	// making one.
	MustExist bool
	// Logger is told of troubles with the database, and when they are over. nil
	// means that nobody is.
	Logger *slog.Logger
	// OnGroup is told of every group of calls that was committed: how many
	// calls and facts it had, and how long it took from the first call's turn
	// until the database had confirmed. It runs on a committer's goroutine, so
	// it must be quick, and be ready for several at a time. May be nil.
	OnGroup func(requests, facts int, d time.Duration)
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.Committers == 0 {
		c.Committers = defaultCommitters
	}
	if c.Readers == 0 {
		c.Readers = defaultReaders
	}
	if c.Lease == 0 {
		c.Lease = defaultLease
	}
	if c.Patience == 0 {
		c.Patience = defaultPatience
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.OnGroup == nil {
		c.OnGroup = func(int, int, time.Duration) {}
	}
	return c
}
