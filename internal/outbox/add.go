package outbox

import (
	"context"
	"fmt"
	"time"
)

// staged is an event on its way to the committer.
type staged struct {
	Event
	// answer, if its Outcome is set, is final, or for an id that is not known.
	answer Answer
	tags   tagSet
	hash   uint64

	// account is nil if the key is new.
	account *account
	// hour is what the committer decided that the event counts in.
	hour Hour
}

// Add counts events, and returns when all that it accepted is durable: one
// answer for each event, in their order. An event whose id is known changes
// nothing, whatever its time; if its key, quantity or tags are not those of the
// event that claimed the id, it is refused, because one of the two would
// otherwise be lost without a word.
//
// After an error none of the answers is given, and all events can be added
// again. With ErrUnknownOutcome some or all may count already; their ids keep
// them from counting twice.
func (o *Outbox) Add(ctx context.Context, events []Event, now time.Time) ([]Answer, error) {
	if len(events) > EventsMax {
		return nil, fmt.Errorf("adding %d events: at most %d can be added at once", len(events), EventsMax)
	}
	if err := checkNow(now); err != nil {
		return nil, err
	}
	if err := o.enter(ctx); err != nil {
		return nil, err
	}
	defer o.gate.Leave()
	if err := o.checkRoom(); err != nil {
		return nil, err
	}
	list := o.stage(events, now)
	if err := o.write(ctx, o.grouped, func(g *group) error { return g.add(list, now) }); err != nil {
		return nil, err
	}
	answers := make([]Answer, len(list))
	for i := range list {
		answers[i] = list[i].answer
	}
	return answers, nil
}

// stage does what needs nobody else, on the caller's goroutine.
func (o *Outbox) stage(events []Event, now time.Time) []staged {
	list := make([]staged, len(events))
	var names []byte
	o.mu.RLock()
	defer o.mu.RUnlock()
	for i := range events {
		s := &list[i]
		s.Event = events[i]
		if s.answer = s.check(); s.answer.Outcome != 0 {
			s.ID = "" // Nothing to look up.
			continue
		}
		if s.Time.IsZero() {
			s.Time = now
		}
		s.answer = o.cfg.checkTime(s.Time, now)
		s.tags, s.hash = canonical(s.Tags), hashOf(s.ID)
		names = appendKeyNames(names[:0], &s.Key)
		s.account = o.accounts[string(names)]
	}
	return list
}

// add decides and counts events. Deciding may fail, and is therefore done first.
func (g *group) add(list []staged, now time.Time) error {
	if err := g.o.noMemory(); err != nil {
		return err
	}
	current := g.o.current(now)
	from := g.o.billableFrom(now)
	g.opening = 0
	for i := range list {
		if list[i].ID == "" {
			continue
		}
		if err := g.decide(&list[i], from, now); err != nil {
			g.forgo(list[:i])
			return err
		}
	}
	for i := range list {
		if list[i].answer.Outcome == Accepted {
			g.accept(&list[i], current, now)
		}
	}
	return nil
}

// decide gives an event its answer, and the hour it counts in if it is accepted.
func (g *group) decide(s *staged, from Hour, now time.Time) error {
	account := s.account
	if account == nil { // It may have become known since.
		account = g.o.accounts[string(g.names(s.Key))]
	}
	standing, known, err := g.standing(s.ID, s.hash)
	if err != nil {
		return err
	}
	if known {
		s.answer = Answer{Outcome: Known}
		if account == nil || claimOf(account.id, s.Quantity, s.tags) != standing {
			s.answer = refuse(ReasonIDReused, "An event with id %.255q was accepted before, with another customer, dimension, quantity or tags. That one counts.", s.ID)
		}
		return nil
	}
	if s.answer.Outcome != 0 {
		return nil
	}
	s.account = account
	if err := g.place(s, from, now); err != nil || s.answer.Outcome != Accepted {
		return err
	}
	g.claimed[s.ID] = claimOf(s.account.id, s.Quantity, s.tags)
	return nil
}

// place finds the hour that an event counts in, or refuses it.
func (g *group) place(s *staged, from Hour, now time.Time) (err error) {
	if s.account == nil {
		if s.answer = g.o.admit(s.Key); s.answer.Outcome != 0 {
			return nil
		}
		s.account = g.open(s.Key)
	}
	s.hour = HourOf(s.Time)
	// Nearly always the hour is open: then nothing has to be read.
	if s.hour < from || s.hour <= s.account.last {
		if s.hour, err = g.o.openHour(s.account, s.hour, now); err != nil {
			return err
		}
	}
	if s.answer = g.fits(s, s.account.at(s.hour)); s.answer.Outcome == 0 {
		s.answer = Answer{Outcome: Accepted}
		g.o.gross += magnitude(s.Quantity)
	}
	return nil
}

// forgo takes back what was decided of a call that failed. A key that became
// known stays so.
func (g *group) forgo(list []staged) {
	for i := range list {
		if list[i].answer.Outcome == Accepted {
			g.o.gross -= magnitude(list[i].Quantity)
			delete(g.claimed, list[i].ID)
		}
	}
}

// admit refuses a new key when there are too many.
func (o *Outbox) admit(k Key) Answer {
	if len(o.byID) >= o.keysMax {
		return refuse(ReasonFull, "There are %d keys (product, customer, dimension) already, and %s would be a new one. A name that changes with every event is a mistake.", len(o.byID), k)
	}
	return Answer{}
}

// fits refuses an event that the sums could not hold. Those that a call opens
// are counted before they are opened, twice if it tells them twice.
func (g *group) fits(s *staged, b *bucket) Answer {
	opens := b.opens(s.tags)
	switch {
	case opens > 0 && g.o.sums+g.opening+opens > g.o.sumsMax:
		return refuse(ReasonFull, "There are %d sums (key, hour, tags) open already. Send fewer different tags, or freeze what is over.", g.o.sums)
	case magnitude(s.Quantity) > AmountMax-g.o.gross:
		return refuse(ReasonFull, "All that this outbox has counted comes to %d; with %d more its sums could overflow.", g.o.gross, magnitude(s.Quantity))
	}
	g.opening += opens
	return Answer{}
}

// accept counts an event and claims its id.
func (g *group) accept(s *staged, current *generation, now time.Time) {
	g.tell(s, now)
	g.claim(s.ID, s.hash, current)
}

// tell counts an event.
func (g *group) tell(s *staged, now time.Time) {
	add := addition{kind: told, hour: s.hour, at: s.hour.secondOf(s.Time), quantity: s.Quantity, tags: s.tags}
	if HourOf(s.Time) != s.hour {
		add.kind, add.at = toldLate, s.hour.secondOf(now)
	}
	g.count(s.account, add)
}

// claim stages the claim of an id.
func (g *group) claim(id EventID, hash uint64, current *generation) {
	current.remember(hash)
	g.key = appendClaimKey(g.key[:0], current.start, id)
	g.set(appendClaim(g.value[:0], g.claimed[id]))
}
