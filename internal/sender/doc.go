// Package sender brings frozen records from an outbox to the service: for the
// agent, which has one for each service that it tells, and for the recorder.
//
//	outbox.Pending -> deadline first, 250 at a time -> client.SubmitAll -> outbox.Settle
//
// A record is marked before it is sent, so that whoever finds it without a
// verdict knows that the service may have it; it is sent again as it is, and the
// service counts it once. What the service says is stored before anything else
// is sent. That hours are frozen and records expire is for others to see to.
//
// The package may not decide what a quantity is, keep anything that a crash
// could take, or know the service's protocol, which is the client's.
package sender
