package agent

import "time"

const (
	// turnEvery is how often hours that are over are looked for.
	turnEvery = time.Second
	// clockEvery is how often a service is asked for its clock.
	clockEvery = time.Second
	// clockTimeout is how long it may take to say it.
	clockTimeout = 5 * time.Second
	// forgetEvery is how often old ids and records are dropped.
	forgetEvery = 24 * time.Hour

	// laneRecords is how many records a lane takes from the outbox at once: ten
	// calls, or about a second at the service's quota. What becomes more urgent
	// waits for that long.
	laneRecords = 250
	// restMin and restMax are how long a product rests after a call for it
	// failed: twice as long each time.
	restMin = time.Second
	restMax = 5 * time.Minute

	// eventsBytesMax is the size of a body of events, but for NDJSON, which may
	// be of any length.
	eventsBytesMax = 8 << 20
	// bodyBytesMax is the size of any other body.
	bodyBytesMax = 64 << 10
	// streamEvents is how many events of a stream are made durable at once.
	streamEvents = 1000
	// refusalsMax is how many refusals a receipt explains; the others are
	// counted.
	refusalsMax = 1000
	// recordsDefault is how many records are listed at once if nobody says.
	recordsDefault = 1000
	// answerBytesMax is the largest answer that is read.
	answerBytesMax = 64 << 10
)
