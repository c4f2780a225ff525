package intake

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Event is usage as a program told it. Texts are parts of the body that was
// read and keep it in memory: clone what is to outlive the call.
type Event struct {
	ID string
	// Product is empty where the program told none.
	Product string
	// Customer is an AWS account or a customer identifier; Identifier and
	// Account are told by programs that say which.
	Customer, Identifier, Account string
	License                       string
	// Dimension is a dimension's key, or a metric's name.
	Dimension string
	Quantity  int64
	Tags      []metering.Tag
	// Time is zero where the program told none.
	Time time.Time
	// Problem says what is wrong with the event; empty if nothing is.
	Problem string

	// quantityTold tells a missing quantity from 0.
	quantityTold bool
}

// members are those that an event can have, for people.
const members = "id, product, customer, customerIdentifier, customerAwsAccountId, licenseArn, dimension, quantity, time, tags"

// complain notes the first problem of an event.
func (e *Event) complain(format string, args ...any) {
	if e.Problem == "" {
		e.Problem = fmt.Sprintf(format, args...)
	}
}

// check complains of what is missing in an event of its own.
func (e *Event) check() {
	switch {
	case !e.quantityTold:
		e.complain("member quantity is missing; write a whole number")
	case e.Dimension == "":
		e.complain("member dimension is missing; write a dimension's key or a metric's name")
	case e.Customer != "" && (e.Identifier != "" || e.Account != ""):
		e.complain("member customer goes alone; it says what customerIdentifier or customerAwsAccountId say")
	}
}

// event reads an object's members into an event. The caller checks it.
func (s *scanner) event(e *Event) {
	if s.peek() != '{' {
		e.complain("an event is a JSON object, not %s", s.skip())
		return
	}
	for key := range s.members {
		if text := e.text(key); text != nil {
			s.textInto(e, key, text)
			continue
		}
		switch key {
		case "quantity":
			s.quantity(e)
		case "time":
			s.time(e)
		case "tags":
			s.tags(e)
		default:
			s.skip()
			e.complain("there is no member %s; an event's are %s", shown(key), members)
		}
	}
}

// text returns where a member goes that is a text, or nil.
func (e *Event) text(key string) *string {
	switch key {
	case "id":
		return &e.ID
	case "customer":
		return &e.Customer
	case "dimension":
		return &e.Dimension
	case "product":
		return &e.Product
	case "customerIdentifier":
		return &e.Identifier
	case "customerAwsAccountId":
		return &e.Account
	case "licenseArn":
		return &e.License
	}
	return nil
}

// textInto reads a text; null is none.
func (s *scanner) textInto(e *Event, key string, into *string) {
	switch s.peek() {
	case '"':
		*into = s.quoted()
	case 'n':
		s.skip()
	default:
		e.complain("member %s is a text, not %s", key, s.skip())
	}
}

// quantity reads a whole number of any sign.
func (s *scanner) quantity(e *Event) {
	if c := s.peek(); c != '-' && (c < '0' || c > '9') {
		e.complain("member quantity is a whole number, not %s", s.skip())
		return
	}
	literal := s.skip()
	n, err := strconv.ParseInt(literal, 10, 64)
	if err != nil {
		e.complain("quantity %s is not a whole number that a sum can hold; tell smaller units, and let the configuration convert them", literal)
		return
	}
	e.Quantity, e.quantityTold = n, true
}

func (s *scanner) time(e *Event) {
	text := ""
	s.textInto(e, "time", &text)
	if text == "" {
		return
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		e.complain("time %s is not one such as 2026-11-22T00:54:00Z (RFC 3339)", shown(text))
		return
	}
	e.Time = t
}

// tags reads an object of texts.
func (s *scanner) tags(e *Event) {
	switch s.peek() {
	case '{':
	case 'n':
		s.skip()
		return
	default:
		e.complain(`member tags is an object such as {"team": "red"}, not %s`, s.skip())
		return
	}
	for key := range s.members {
		tag := metering.Tag{Key: key}
		s.textInto(e, "tags."+key, &tag.Value)
		e.Tags = append(e.Tags, tag)
	}
}

// shown quotes a value for a problem and cuts it if it is long.
func shown(text string) string {
	if len(text) > shownBytesMax {
		return strconv.Quote(strings.ToValidUTF8(text[:shownBytesMax], "")) + "…"
	}
	return strconv.Quote(text)
}
