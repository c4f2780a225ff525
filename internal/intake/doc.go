// Package intake reads usage events as programs tell them: one JSON object, an
// array of them, a line of NDJSON, or CloudEvents (structured and batched).
//
// A body that is not JSON is refused whole. An event that is JSON and still makes
// no sense is handed on with a Problem, so that the others of its body count. The
// decoder is written by hand because it is most of what an event costs besides
// the disk.
//
// The package may not decide what an event means, look at a clock, or know where
// bytes come from. It imports the names of metering and nothing else of ours.
package intake
