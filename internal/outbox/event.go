package outbox

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/meterd/meterd/internal/metering"
)

// EventID names an event. An id counts once, whatever comes with it.
type EventID string

// Event is usage as a program tells it.
type Event struct {
	// ID is the sender's, 1 to EventIDBytesMax bytes. A sender that repeats an
	// event repeats its id.
	ID EventID
	Key
	// Quantity may be negative: that is credit against usage of the same key.
	// A 0 asks for a record of the hour even if nothing else is told.
	Quantity int64
	// Tags allocate the quantity; nil for none.
	Tags []metering.Tag
	// Time is when the usage happened. Zero means now.
	Time time.Time
}

// Outcome says what became of an event.
type Outcome uint8

const (
	// Accepted: the event counts, and will not be lost.
	Accepted Outcome = iota + 1
	// Known: an event with this id was accepted before; nothing changed.
	Known
	// Refused: the event does not count, and its id is not claimed.
	Refused
)

func (o Outcome) String() string {
	switch o {
	case Accepted:
		return "accepted"
	case Known:
		return "known"
	case Refused:
		return "refused"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Reason says why an event was refused.
type Reason string

const (
	ReasonID       Reason = "id"
	ReasonIDReused Reason = "id-reused"
	ReasonCustomer Reason = "customer"
	ReasonName     Reason = "name"
	ReasonQuantity Reason = "quantity"
	ReasonTags     Reason = "tags"
	ReasonTooOld   Reason = "too-old"
	ReasonInFuture Reason = "in-future"
	ReasonFull     Reason = "full"
)

// Answer is what becomes of one event.
type Answer struct {
	Outcome Outcome
	// Reason is set when the event was refused, and Detail then says in plain
	// words what to do.
	Reason Reason
	Detail string
}

func refuse(reason Reason, format string, args ...any) Answer {
	return Answer{Refused, reason, fmt.Sprintf(format, args...)}
}

// err is the answer as an error, nil unless the event was refused.
func (a Answer) err() error {
	if a.Outcome != Refused {
		return nil
	}
	return fmt.Errorf("%s: %s", a.Reason, a.Detail)
}

// check refuses what cannot be counted, whatever the outbox holds. The zero
// Answer is none.
func (e *Event) check() Answer {
	switch {
	case e.ID == "":
		return refuse(ReasonID, "The event has no id; without one a repeated event would count twice.")
	case len(e.ID) > EventIDBytesMax:
		return refuse(ReasonID, "The event's id has %d bytes; at most %d are allowed.", len(e.ID), EventIDBytesMax)
	case e.Quantity > EventQuantityMax || e.Quantity < -EventQuantityMax:
		return refuse(ReasonQuantity, "Quantity %d is out of range; one event can tell up to %d, either way.", e.Quantity, int64(EventQuantityMax))
	}
	if answer := e.Key.check(); answer.Outcome != 0 {
		return answer
	}
	if len(e.Tags) > 0 {
		if refusal := metering.CheckTags([]metering.Allocation{{Tags: e.Tags}}); refusal != nil {
			return refuse(ReasonTags, "%s", refusal.Detail)
		}
	}
	return Answer{}
}

func (k *Key) check() Answer {
	c := &k.Customer
	switch {
	case k.Product == "":
		return refuse(ReasonName, "The event names no product.")
	case k.Dimension == "":
		return refuse(ReasonName, "The event names no dimension.")
	case c.Identifier == "" && c.Account == "":
		return refuse(ReasonCustomer, "The event names no customer: give an AWS account or a customer identifier.")
	case c.Identifier != "" && c.Account != "":
		return refuse(ReasonCustomer, "The event has both customer identifier %.255q and AWS account %.255q; give one.", c.Identifier, c.Account)
	case c.Identifier != "" && c.License != "":
		return refuse(ReasonCustomer, "Customer identifier %.255q goes without a licence; with one, give the AWS account.", c.Identifier)
	}
	for _, name := range [...]string{string(k.Product), string(c.Identifier), string(c.Account), string(c.License), string(k.Dimension)} {
		if len(name) > NameBytesMax || !utf8.ValidString(name) {
			return refuse(ReasonName, "The name %.100q has %d bytes; it must be UTF-8 of at most %d.", name, len(name), NameBytesMax)
		}
	}
	return Answer{}
}

// checkTime refuses an event from before what ids are remembered for, and one
// from the future: M0111.
func (c *Config) checkTime(t, now time.Time) Answer {
	switch {
	case now.Sub(t) > c.Remember:
		return refuse(ReasonTooOld, "The event is from %s; ids are remembered for %s, so an older event could count twice.", metering.ShowTime(t), c.Remember)
	case t.Sub(now) > c.Window.Future:
		return refuse(ReasonInFuture, "The event is from %s, and it is %s now. Check the clock and time zone of the machine that sent it.", metering.ShowTime(t), metering.ShowTime(now))
	}
	return Answer{}
}

// tagSet is a set of tags in canonical form; "" is none.
type tagSet string

// canonical gives equal sets of tags the same form, whatever their order.
func canonical(tags []metering.Tag) tagSet {
	if len(tags) == 0 {
		return ""
	}
	return tagSet(metering.AppendCanonical(nil, []metering.Allocation{{Tags: tags}}))
}

// tags takes the set apart. Only damage makes it fail.
func (s tagSet) tags() ([]metering.Tag, error) {
	if s == "" {
		return nil, nil
	}
	list, ok := metering.ParseCanonical([]byte(s))
	if !ok || len(list) != 1 || len(list[0].Tags) == 0 {
		return nil, fmt.Errorf("set of tags %.100q: %w", string(s), errDamaged)
	}
	return list[0].Tags, nil
}
