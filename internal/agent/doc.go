// Package agent is the seller's half of metering as a process: it takes usage
// from programs over HTTP, keeps it in an outbox, and tells it to the service.
//
//	POST /v1/events -> intake -> plan -> outbox -> sender -> client -> service
//	                                        verdicts <-
//
// [Agent.Run] freezes hours that are over, has a sender for each service tell
// what is frozen, and watches for what needs a person. Nothing is kept in memory
// that a crash could take: the outbox is what the agent knows.
//
// The package may not store anything itself, decide what a quantity is (that is
// the plan's), or know the protocol of the service (that is the client's).
package agent
