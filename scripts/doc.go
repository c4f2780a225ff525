// Package scripts holds the rules of the service as scripts that a billing
// person can read, and runs each of them at every mount: at the ledger over a
// store in memory, on disk, and in PostgreSQL, and over HTTP with requests of our own
// in both dialects and with the official SDK for Go. A script must get the same
// answers everywhere. The package has tests only.
//
// # How to read a script
//
// A script is a file in testdata. It tells short stories about the marketplace
// in testdata/marketplace.yaml, which says who sells and buys what:
//
//	now 2026-11-22T10:30:00Z
//	as metering-app
//
//	== The first quantity of an hour stands (M0102)
//	batch prod-legacy
//	    cust-1 users 7 at 10:05    -> Success #1
//	    cust-1 users 8 at 10:29    -> DuplicateRecord
//	records -> 1
//
// Each line is something that happens, in this order; what stands to the right
// of the arrow is what must come of it. Each story begins at a line with ==,
// with the whole marketplace and with no usage told. The lines above the first
// story are the start of each of them. A # with a blank behind it begins a
// remark. M0102 and its like are entries of docs/facts.md, which says how we
// know.
//
// # What can happen
//
//	now 2026-11-22T11:00:00Z           the clock is set; "now 11:00" is on the same day
//	wait 1h30m                         the clock goes on
//	as task-1                          from here on this user or session of the marketplace calls
//	region eu-west-1                   from here on in this Region; us-east-1 to begin with
//	profile 2025                       the service behaves as in that time
//	switch identicalRetry=DuplicateRecord
//	                                   this switch of the profile is set, or these, and no other
//	agreement l-legacy suspended       the agreement changes; "from" and "until" may follow,
//	                                   each with a time
//	fault cust-1 cust-2                usage of these buyers (or of a task) meets a fault of
//	                                   the disk; "fault" alone ends that
//	throttle 1                         so many calls a second are let in
//	only ledger                        first in a story: it is played at these mounts only
//
//	batch prod-legacy                  BatchMeterUsage with a ProductCode, or without any.
//	                                   The indented lines are its records:
//	    WHO DIMENSION QUANTITY at TIME [ALLOCATIONS] -> VERDICT
//	meter prod-ami hours 3 at 10:05 [ALLOCATIONS] token t-1 dry-run -> #1
//	                                   MeterUsage; from the bracket on, all may be left out
//	register prod-container key 1 nonce n -> signed
//	                                   RegisterUsage; the nonce may be left out
//	resolve tok-legacy -> customer cust-1 product prod-legacy
//	                                   ResolveCustomer; what the line does not name must not
//	                                   be in the answer
//	records -> 4                       so many usage records stand in the books
//	record #1 -> quantity 7 hour 2026-11-22T10:00:00Z
//	                                   what the books say about one: product, license, buyer,
//	                                   resource, region, dimension, quantity, allocations,
//	                                   timestamp, hour
//
// # Words
//
// WHO is cust-1 (a CustomerIdentifier), account:222233334444 or license:l-a, or
// several of these joined by +. A licence's short name is the end of its ARN.
//
// TIME is 10:05 or 10:05:30.250 (UTC, on the day of the clock), a whole date
// and time, or counted from the clock: now, now-24h, now+5m.
//
// ALLOCATIONS are [team=red,site=a:3 | team=blue:1 | :2]: three units with two
// tags, one with one, two without. [] is an empty list, and in place of tags
// "no tags" is one.
//
// A single - is something left out, "" an empty text. {x*300} is x three
// hundred times. A record or an allocation with {1..25} is 25 of them, with the
// number in its place; {01..12} keeps two digits.
//
// # Answers
//
// Success #1 names the record's MeteringRecordId. A name that is new in the
// story must be a new id, one that was there must be the same id. Without the
// name, any id will do. DuplicateRecord, CustomerNotSubscribed and Unprocessed
// (the record is in UnprocessedRecords, to be sent again) have no id unless the
// line says so. ok stands for an answer with nothing in it.
//
// A refusal is the name of an exception, to the right of the arrow of the whole
// batch. ~ "text" behind it must be a part of its message, = "text" all of it.
package scripts
