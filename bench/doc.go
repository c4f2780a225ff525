// Package bench loads a metering service and measures how it bears it.
//
// A run keeps a number of connections busy with signed calls, one after the
// other on each, that tell records nobody told before, mixed with exact
// retries and with contradictions. It compares every verdict with the one that
// must follow, so that a service cannot be fast by being wrong. The marketplace
// it meters is made by [Market.State]; the same parameters, seed and clock make
// the same records.
//
// The generator shares the machine with what it measures, so it is frugal: it
// speaks HTTP/1.1 over plain connections, builds requests from prepared parts,
// and allocates nothing for each. It decides nothing about usage, and knows the
// service only by what goes over the wire.
package bench
