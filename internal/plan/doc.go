// Package plan is what a seller's agent is told to do: which products it meters
// at which service, how the metrics of a program become dimensions and billed
// quantities, and when to raise an alarm. [Load] reads it from a YAML file and
// finds every mistake of it at once, with line, field and the way out.
//
// A plan is a value: [Plan.Resolve] and [Plan.Terms] are pure, look at no clock
// and keep nothing. The package may not send, store, or know HTTP; it imports
// the names of metering, the events that intake reads, and the shapes that the
// outbox counts.
package plan
