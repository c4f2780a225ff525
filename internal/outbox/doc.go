// Package outbox is the seller's memory between an event in the program and an
// accepted record: one directory, in a Pebble database, that a crash cannot
// take anything from.
//
//	event -> claim of its id + sum of its hour -> frozen record -> verdict
//
// An event is acknowledged when its id is claimed and its quantity counted, in
// one batch that the disk has confirmed. When its hour is over, the sum becomes
// a [Record], which is written once and never again: what is sent a second time
// is what was sent the first time. The verdict stands in a row of its own. What
// cannot be told for its hour goes on to a later one, what is more than zero
// below waits as credit, and what the service refuses or nobody could send in
// time is a dead letter until a person decides. [Outbox.Check] proves that
// nothing got lost between those places, to the unit.
//
// One goroutine, the committer, owns all writes and what is kept in memory of
// open hours; it takes whatever waits, writes it as one batch, has the disk
// confirm that, and then answers everybody. There is no timer and no clock: now
// is an argument.
//
// The package may not send anything, know HTTP or the words of the wire, decide
// what a verdict means, or acknowledge before the disk has. It imports the rules
// of metering and nothing else of ours.
package outbox
