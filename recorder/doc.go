// Package recorder counts usage inside your program and brings it to the AWS
// Marketplace Metering Service, at AWS or in a meterd: nothing lost, nothing
// billed twice.
//
//	rec, err := recorder.Open(ctx, recorder.Config{Dir: "/var/lib/app/metering", Product: "your-product-code"})
//	…
//	err = rec.Add(ctx, recorder.Customer{AWSAccountID: "222233334444"}, "requests", 3)
//	…
//	err = rec.Close(ctx)
//
// What is counted is added up for each hour, customer and dimension. When the
// hour is over it becomes one record, which is kept on the disk before it is
// sent and sent again, the same, until the service has given its verdict: through
// restarts, throttling and lost answers, the nearest deadline first. What the
// service refuses is a dead letter that stays until a person decides.
//
// # What survives what
//
// There are two levels, and each call says which it is.
//
//	            Add, Counter.Add            AddEvent
//	level       interval                    each
//	returns     at once                     when it is on the disk
//	kill -9     loses what was added        loses nothing that
//	            since the last flush        was returned
//	Close       loses nothing               loses nothing
//	repeated    counts again                counts once under the same ID
//	costs       some nanoseconds            a share of a sync of the disk
//
// Add counts in memory. Every Config.Interval, a second unless you say otherwise,
// what was counted is made durable. So a process that is killed, or a machine
// that loses power, loses the usage of the last interval and of the write that
// was under way, and no more; [Recorder.Flush] makes durable at once what was
// added before. A power cut is survived as far as the disk keeps its word.
//
// While the disk takes nothing (it is full, for example), usage waits in memory
// and [Status] says so; a process that is killed then loses what it has counted
// since Status.FlushedAt. Nothing is dropped: Close waits for the disk, until its
// context is over, and then names all that would be lost.
//
// A crash never counts twice. Each flush is written as a whole under an id of its
// own; when the disk failed and nobody knows whether it was written, it is
// repeated under that id.
//
// # Cost
//
// Adding to a counter that exists neither blocks nor allocates: about 10 ns with
// a [Counter] that you keep, and under 150 ns with [Recorder.Add], which looks it
// up. Counters are for ever, so take their names from what is bounded: customers,
// dimensions, a few tags.
//
// # One recorder for a customer's dimension
//
// The service takes one record for each hour, customer and dimension. If several
// processes serve the same customers, each with a recorder, the second one's
// records are refused: have them post to one `meterd agent` instead.
//
// Of meterd's packages this one imports client, api and what keeps and sends
// usage; it may not decide what a quantity is, and knows nothing of the protocol.
package recorder
