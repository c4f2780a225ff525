package reconcile

import (
	"cmp"
	"slices"
	"time"
)

// Line is what both ledgers say of one record.
type Line struct {
	Kind      Kind      `json:"kind"`
	Hour      time.Time `json:"hour"`
	Product   string    `json:"product,omitempty"`
	Customer  string    `json:"customerIdentifier,omitempty"`
	Account   string    `json:"customerAWSAccountId,omitempty"`
	License   string    `json:"licenseArn,omitempty"`
	Dimension string    `json:"dimension"`
	// Ours and Service are quantities; nil where there is no record.
	Ours    *int64 `json:"ours"`
	Service *int64 `json:"service"`
	// State is that of our entry.
	State            State  `json:"state,omitempty"`
	MeteringRecordID string `json:"meteringRecordId,omitempty"`
	Reason           string `json:"reason,omitempty"`
}

// Buyer is the line's buyer.
func (l *Line) Buyer() Buyer { return Buyer{l.Customer, l.Account, l.License} }

// name is one way to find the record of an hour. Licences name their product;
// other names mean a buyer of a product (M0125).
type name struct {
	product, identifier, account, license, dimension string
	hour                                             int64
}

// asked is the name that the service was told a record by.
func (e *Entry) asked() name {
	n := name{product: e.Product, dimension: e.Dimension, hour: hourOf(e.Time)}
	switch {
	case e.Buyer.License != "":
		n.product, n.license = "", e.Buyer.License
	case e.Buyer.Identifier != "":
		n.identifier = e.Buyer.Identifier
	default:
		n.account = e.Buyer.Account
	}
	return n
}

// names are all that a record of the service can be found by.
func (e *Entry) names() []name {
	if e.Buyer.License != "" || e.Buyer.Identifier == "" {
		return []name{e.asked()}
	}
	var list []name
	for _, buyer := range []Buyer{{Identifier: e.Buyer.Identifier}, {Account: e.Buyer.Account}} {
		if buyer != (Buyer{}) {
			other := *e
			other.Buyer = buyer
			list = append(list, other.asked())
		}
	}
	return list
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 } // M0101; no usage is older than 1970

// slot is all that the service says of one hour of a buyer's dimension.
type slot struct {
	// accepted stand; there is one, unless the service keeps several books (M0124).
	accepted []Entry
	refused  []Entry
	matched  bool
}

// add adds what the service says, once.
func (s *slot) add(e Entry) {
	if e.State != Accepted {
		s.refused = append(s.refused, e)
		return
	}
	if !slices.ContainsFunc(s.accepted, func(a Entry) bool { return a.ID == e.ID && a.Quantity == e.Quantity }) {
		s.accepted = append(s.accepted, e)
	}
}

// quantity is what stands, nil for nothing.
func (s *slot) quantity() *int64 {
	if s == nil || len(s.accepted) == 0 {
		return nil
	}
	sum := int64(0)
	for _, e := range s.accepted {
		sum += e.Quantity
	}
	return &sum
}

// Compare puts two ledgers side by side. Lines are in order of their hours.
func Compare(ours, service []Entry) []Line {
	slots, found := index(service)
	groups := map[name][]Entry{}
	var order []name
	for _, e := range ours {
		n := e.asked()
		if groups[n] == nil {
			order = append(order, n)
		}
		groups[n] = append(groups[n], e)
	}
	var lines []Line
	for _, n := range order {
		s := found[n]
		if s != nil && s.matched {
			s = nil // by another of the buyer's names
		}
		if s != nil {
			s.matched = true
		}
		lines = append(lines, compareGroup(groups[n], s)...)
	}
	for _, s := range slots {
		if !s.matched && len(s.accepted) > 0 {
			lines = append(lines, lineOf(NotOurs, nil, s))
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int {
		return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Product, b.Product), cmp.Compare(a.Buyer().String(), b.Buyer().String()), cmp.Compare(a.Dimension, b.Dimension))
	})
	return lines
}

// index makes slots of what the service says, and finds them by all names.
func index(service []Entry) (slots []*slot, found map[name]*slot) {
	found = map[name]*slot{}
	for _, e := range service {
		var s *slot
		names := e.names()
		for _, n := range names {
			if found[n] != nil {
				s = found[n]
			}
		}
		if s == nil {
			s = new(slot)
			slots = append(slots, s)
		}
		for _, n := range names {
			found[n] = s
		}
		s.add(e)
	}
	return slots, found
}

// compareGroup compares our entries of one name; there is more than one only if
// several files or retries tell of the same hour. The one that the service is
// likely to have is compared with it, the others with nothing.
func compareGroup(ours []Entry, s *slot) (lines []Line) {
	slices.SortStableFunc(ours, func(a, b Entry) int { return likeliness(b, s) - likeliness(a, s) })
	for i := range ours {
		if told(ours[:i], &ours[i]) {
			continue
		}
		if kind := kindOf(&ours[i], s); kind != "" {
			lines = append(lines, lineOf(kind, &ours[i], s))
		}
		if s.quantity() != nil {
			s = nil
		}
	}
	return lines
}

// told reports whether an earlier entry is the same record, by its receipt.
func told(earlier []Entry, e *Entry) bool {
	return e.ID != "" && slices.ContainsFunc(earlier, func(a Entry) bool { return a.ID == e.ID && a.Quantity == e.Quantity })
}

func likeliness(e Entry, s *slot) (n int) {
	if e.State == Accepted {
		n += 2
	}
	if q := s.quantity(); q != nil && *q == e.Quantity {
		n++
	}
	return n
}

// kindOf compares an entry of ours with what the service says; "" is nothing
// worth telling: what was given up is not there.
func kindOf(e *Entry, s *slot) Kind {
	there := s.quantity()
	switch {
	case there == nil && e.State == Withdrawn:
		return ""
	case there == nil && e.State == Accepted:
		return Missing
	case there == nil && (e.State == Refused || s != nil && len(s.refused) > 0):
		return WasRefused
	case there == nil && e.State == Sent:
		return Unanswered
	case there == nil:
		return NeverSent
	case e.State == Withdrawn:
		return GivenUp
	case *there != e.Quantity:
		return Quantity
	case e.State == Accepted:
		return Equal
	}
	return Unsettled
}

// lineOf writes a line; e is nil for what is not ours.
func lineOf(kind Kind, e *Entry, s *slot) Line {
	var service Entry
	if s != nil && len(s.accepted) > 0 {
		service = s.accepted[0]
	}
	from := e
	if from == nil {
		from = &service
	}
	l := Line{
		Kind: kind, Hour: time.Unix(hourOf(from.Time)*3600, 0).UTC(), Product: cmp.Or(from.Product, service.Product),
		Customer: cmp.Or(from.Buyer.Identifier, service.Buyer.Identifier), Account: cmp.Or(from.Buyer.Account, service.Buyer.Account),
		License:   cmp.Or(from.Buyer.License, service.Buyer.License),
		Dimension: from.Dimension, Service: s.quantity(), MeteringRecordID: cmp.Or(service.ID, from.ID),
	}
	if e != nil {
		l.Ours, l.State, l.Reason = &e.Quantity, e.State, e.Reason
	}
	if l.Reason == "" && s != nil && len(s.refused) > 0 && kind != Equal {
		l.Reason = s.refused[len(s.refused)-1].Reason
	}
	return l
}
