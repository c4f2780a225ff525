package sender

import "time"

const (
	// sendEvery is how often a sender that nobody kicks looks for records.
	sendEvery = time.Second
	// recordsAtOnce is how many records are taken from the outbox at once: ten
	// calls, or about a second at the service's quota. What becomes more urgent
	// waits for that long.
	recordsAtOnce = 250
	// restMin and restMax are how long a product rests after a call for it
	// failed: twice as long each time.
	restMin = time.Second
	restMax = 5 * time.Minute
)
