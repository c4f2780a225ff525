// Package marketplace is the business behind the metering: sellers with their
// products, buyers with their agreements and licences, registration tokens,
// and who may call.
//
// It holds plain values and pure rules over them. A [Market] is an immutable
// snapshot; whoever wants another state builds another snapshot. There is no
// clock, no I/O and no store here; now and every random value are arguments.
package marketplace
