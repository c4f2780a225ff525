package agent

import "time"

const (
	// turnEvery is how often hours that are over are looked for.
	turnEvery = time.Second
	// clockEvery is how often a service is asked for its clock.
	clockEvery = time.Second
	// clockTimeout is how long it may take to say it.
	clockTimeout = 5 * time.Second
	// watchEvery is how often it is looked whether a person is needed.
	watchEvery = 10 * time.Second
	// zeroHoursMax is how many hours back zero usage is made up for, after the
	// agent was down: as long as the service takes it.
	zeroHoursMax = 24
	// forgetEvery is how often old ids and records are dropped.
	forgetEvery = 24 * time.Hour

	// alertAgain is how often an alert is told as long as its cause lasts.
	alertAgain = time.Hour
	// troubledLooks is how many looks in a row find trouble before it is told:
	// what passes by itself is nobody's work.
	troubledLooks = 2
	// deadAgain is how often waiting dead letters are told of.
	deadAgain = 24 * time.Hour
	// refusedMax is how many refused records wait to be told of; the others are
	// counted.
	refusedMax = 20
	// webhookTimeout is how long the webhook may take, and webhookPause how long
	// one that failed is left alone.
	webhookTimeout = 10 * time.Second
	webhookPause   = time.Minute

	// eventsBytesMax is the size of a body of events, but for NDJSON, which may
	// be of any length.
	eventsBytesMax = 8 << 20
	// bodyTimeout is how long such a body may take to arrive.
	bodyTimeout = time.Minute
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
