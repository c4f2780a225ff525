// Package metering is the rules of usage: which record is well told, which
// time is open, when two records are the same, and what a behaviour profile
// changes about that.
//
// Everything here is a pure function over plain values. There is no clock, no
// context, no logger and no I/O; now is an argument. The package imports the
// standard library only and knows neither buyers nor agreements, which are the
// marketplace's, nor how anything is stored or sent. Rules cite their fact as
// M0101, which docs/facts.md explains with its source.
package metering
