package recorder

import (
	"time"

	"github.com/meterd/meterd/internal/outbox"
)

const (
	// DefaultInterval is how often usage is made durable unless Config says
	// otherwise, and so what a killed process loses at most.
	DefaultInterval = time.Second
	// IntervalMin is the shortest interval. What is to be lost even less often
	// than that wants AddEvent.
	IntervalMin = 10 * time.Millisecond
	// IntervalMax is the longest interval: usage is told for the hour in which
	// its interval began.
	IntervalMax = time.Minute
	// QuantityMax bounds the quantity of one Add or AddEvent, either way.
	QuantityMax = outbox.EventQuantityMax
	// CountersMax is how many counters (customer, dimension, tags) a recorder
	// can have. Each takes a third of a kilobyte, for ever.
	CountersMax = outbox.OpenSumsMax

	// pendingMax bounds what waits in one counter, either way. It is 1024 times
	// what one Add can bring, and far from what an int64 can hold.
	pendingMax = 1 << 50
	// settleShare is how many counters there are for each miss that makes the
	// new ones quick to find.
	settleShare = 32
	// sealed is what a counter holds when it takes no more. Nothing that waits
	// in a counter comes near it.
	sealed = -1 << 62
)

const (
	// turnEvery is how often hours that are over are looked for.
	turnEvery = time.Second
	// settleFor is how long after its end an hour waits for usage: for longer
	// than the longest interval. What comes later counts in the next hour.
	settleFor = IntervalMax + 15*time.Second
	// forgetEvery is how often old ids and records are dropped.
	forgetEvery = 24 * time.Hour
)
