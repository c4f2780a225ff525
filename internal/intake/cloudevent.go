package intake

import "strings"

// DecodeCloudEvents appends to dst what a body tells as CloudEvents 1.0, one
// structured event or a batch.
//
// The usage stands in data, as in an event of our own. What data leaves out is
// taken from the envelope: the id from source and id, which together are what
// CloudEvents calls unique; the customer from subject; the dimension from type;
// and the time.
func DecodeCloudEvents(dst []Event, body string) ([]Event, error) {
	return decode(dst, body, (*scanner).cloudEvent)
}

// envelope is what a CloudEvent says around its data.
type envelope struct {
	id, source, kind, subject, version string
	// dataTold says that there is data.
	dataTold bool
}

func (s *scanner) cloudEvent(e *Event) {
	if s.peek() != '{' {
		e.complain("a CloudEvent is a JSON object, not %s", s.skip())
		return
	}
	var around envelope
	var sent Event // has the envelope's time
	for key := range s.members {
		switch text := around.text(key); {
		case text != nil:
			s.textInto(e, key, text)
		case key == "time":
			s.time(&sent)
		case key == "data":
			around.dataTold = true
			s.event(e)
		case key == "data_base64":
			s.skip()
			e.complain("member data_base64 is not read; send data as a JSON object")
		default:
			s.skip() // an extension, which says nothing about usage
		}
	}
	e.complete(&around, &sent)
}

func (a *envelope) text(key string) *string {
	switch key {
	case "id":
		return &a.id
	case "source":
		return &a.source
	case "type":
		return &a.kind
	case "subject":
		return &a.subject
	case "specversion":
		return &a.version
	}
	return nil
}

// complete fills in from the envelope what data leaves out.
func (e *Event) complete(a *envelope, sent *Event) {
	switch {
	case !strings.HasPrefix(a.version, "1."):
		e.complain("specversion is %s; this agent reads CloudEvents 1.0", shown(a.version))
	case a.id == "" || a.source == "" || a.kind == "":
		e.complain("a CloudEvent has id, source and type; one of them is missing")
	case !a.dataTold:
		e.complain(`member data is missing; write an object such as {"quantity": 5}`)
	}
	if e.ID == "" {
		e.ID = a.source + "/" + a.id
	}
	if e.Customer == "" && e.Identifier == "" && e.Account == "" {
		e.Customer = a.subject
	}
	if e.Dimension == "" {
		e.Dimension = a.kind
	}
	if e.Time.IsZero() {
		e.Time = sent.Time
		if sent.Problem != "" {
			e.complain("%s", sent.Problem)
		}
	}
	e.check()
}
