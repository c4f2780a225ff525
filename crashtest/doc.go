// Package crashtest kills the real binary with signal 9, under load and again and
// again on one ledger, and compares what is there afterwards with what it had
// answered. `make crash ROUNDS=200` is the long form; a few rounds are among the
// plain tests.
//
// The package may know meterd from the outside only: its command line, its catalog
// file, the wire, by way of the official SDK, and the records that it lists.
package crashtest
