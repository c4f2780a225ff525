package outbox

import "time"

const (
	// EventsMax is how many events one Add may bring. More would hold up
	// everybody else's answer for longer than a sync takes.
	EventsMax = 10_000
	// EventIDBytesMax bounds an event's id, which is kept for as long as ids
	// are remembered.
	EventIDBytesMax = 256
	// EventQuantityMax bounds the quantity of one event, either way. It is more
	// than 500 hours can bill, and far less than what a sum can hold.
	EventQuantityMax = 1 << 40
	// NameBytesMax bounds the name of a product, customer, licence or
	// dimension. It is the longest that the service takes, a licence's, with
	// room to spare.
	NameBytesMax = 2048
	// QuantityMax is the largest quantity of a record, as the service has it.
	QuantityMax = 1<<31 - 1
	// AllocationsMax is the largest number of allocations of a record: M0140.
	AllocationsMax = 2500
	// tagKeysMax is M0142, the distinct tag keys of a record.
	tagKeysMax = 5
	// allocationBytesMax bounds the allocations of a record as JSON, so that
	// the record alone fits into a request of 1 MB.
	allocationBytesMax = 900 << 10
	// KeysMax is how many keys one outbox can know; each takes about half a
	// kilobyte of memory. Events of a further key are refused.
	KeysMax = 1 << 20
	// OpenSumsMax is how many sums, one for each set of tags of an hour that is
	// not frozen, can be open. Events that need a further one are refused.
	OpenSumsMax = 1 << 20
	// AmountMax bounds all that an outbox ever counts, up and down added
	// together. No sum of any part of that can then overflow.
	AmountMax = 1 << 62
	// TextBytesMax is where the cause, detail or reason of a verdict or an act
	// is cut.
	TextBytesMax = 4 << 10

	// DefaultRemember is how long event ids are remembered: a month's invoice
	// and two weeks to quarrel about it.
	DefaultRemember = 45 * day
	// rememberMin is the shortest memory. A client may retry for a day.
	rememberMin = day
	// DefaultKeep is how long settled records are kept: a year and a month.
	DefaultKeep = 400 * day
	// generationsPerMemory is how many portions the memory for ids is dropped
	// in. Each costs a look into its filter for every event.
	generationsPerMemory = 3
	// billMargin is the time before its deadline from which on an hour is no
	// longer frozen into a record that could probably not be sent any more. Its
	// usage goes on to a later hour.
	billMargin = 5 * time.Minute

	// queueLength is how many calls can wait for the committer.
	queueLength = 256
	// groupEvents is the number of events at which no further call joins a
	// group, so that the first one's answer does not wait for too many others.
	groupEvents = 8192
	// checkpointEntries is how many additions are logged before the sums they
	// changed are written: what opening after a crash has to repeat.
	checkpointEntries = 1 << 18
	// stepRows is how many rows a long task (freezing, expiring, forgetting)
	// changes before it lets others write.
	stepRows = 4096
	// problemsMax is how many problems Check reports.
	problemsMax = 100

	defaultMemTableBytes = 16 << 20
	defaultCacheBytes    = 32 << 20
	defaultFilterBytes   = 64 << 20
	// defaultReserveBytes let the engine sort and the agent settle for a long
	// time after the last event was accepted.
	defaultReserveBytes = 256 << 20
	// memTablesMax is how many tables in memory there are at most when an event
	// is accepted: one is written out, the other filled.
	memTablesMax = 2
	// blockBytes is the size of a table's blocks before compression.
	blockBytes = 16 << 10
	// bloomBits per key give about one needless read in a hundred lookups.
	bloomBits = 10
	// backgroundPause is how long the engine is held up after an error in the
	// background before it tries again.
	backgroundPause = 100 * time.Millisecond

	day = 24 * time.Hour
)
