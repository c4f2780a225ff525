// Package reconcile compares what a seller's own ledger says of usage with what
// the service keeps, and names each difference.
//
// An [Entry] is one record, whoever's; [Compare] puts ours and the service's
// side by side, by product, buyer, dimension and hour, and [Report] adds up.
// [CloudTrail] reads the service's side as AWS's trail tells it.
//
// The package is pure: it opens nothing, asks nobody and knows no clock.
// Whoever uses it brings the entries.
package reconcile
