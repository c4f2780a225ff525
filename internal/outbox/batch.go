package outbox

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"
)

// CheckEvent says what Add would refuse of an event whatever the outbox holds.
// The zero Answer is nothing; the time is not looked at.
func CheckEvent(e Event) Answer { return e.check() }

// AddBatch counts events that their sender only ever repeats together, such as
// what a program counted in a second. They have one id together, and so cost one
// claim however many they are; their own ids are not looked at. It returns when
// all of them are durable.
//
// Either all count: the answers are Accepted, or Known if they did before. Or
// some are Refused, and then none counts and the id is not claimed; those that
// nothing is wrong with have no outcome.
func (o *Outbox) AddBatch(ctx context.Context, id EventID, events []Event, now time.Time) ([]Answer, error) {
	if len(events) > EventsMax {
		return nil, fmt.Errorf("adding a batch of %d events: at most %d can be added at once", len(events), EventsMax)
	}
	if id == "" || len(id) > EventIDBytesMax {
		return nil, fmt.Errorf("adding a batch with an id of %d bytes: it must have 1 to %d", len(id), EventIDBytesMax)
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
	list := o.stage(named(events, id), now)
	if err := o.write(ctx, o.grouped, func(g *group) error { return g.addBatch(id, list, now) }); err != nil {
		return nil, err
	}
	answers := make([]Answer, len(list))
	for i := range list {
		answers[i] = list[i].answer
	}
	return answers, nil
}

// named gives events the id of their batch.
func named(events []Event, id EventID) []Event {
	list := make([]Event, len(events))
	for i, e := range events {
		e.ID = id
		list[i] = e
	}
	return list
}

// addBatch decides and counts a batch. Deciding may fail, and is therefore done
// first.
func (g *group) addBatch(id EventID, list []staged, now time.Time) error {
	hash, claim := hashOf(id), claimOfBatch(list)
	standing, known, err := g.standing(id, hash)
	if err != nil {
		return err
	}
	if known {
		answer := Answer{Outcome: Known}
		if standing != claim {
			answer = refuse(ReasonIDReused, "A batch with id %.255q was accepted before, with other events. Those count.", id)
		}
		for i := range list {
			list[i].answer = answer
		}
		return nil
	}
	if all, err := g.placeAll(list, now); err != nil || !all {
		return err
	}
	for i := range list {
		s := &list[i]
		g.tell(s, now)
		s.account.unclaimed.add(Totals{Events: 1, Told: s.Quantity}, 1)
		if i+1 == len(list) || list[i+1].account != s.account {
			g.keep(s.account)
		}
	}
	g.claimed[id] = claim
	g.claim(id, hash, g.o.current(now))
	return nil
}

// placeAll places events and reports whether none of them is refused. Otherwise
// what was decided is taken back.
func (g *group) placeAll(list []staged, now time.Time) (all bool, err error) {
	from := g.o.billableFrom(now)
	g.opening = 0
	all = true
	for i := range list {
		s := &list[i]
		if s.account == nil && s.answer.Outcome == 0 {
			s.account = g.o.accounts[string(g.names(s.Key))] // It may have become known since, or by this batch.
		}
		if s.answer.Outcome == 0 {
			err = g.place(s, from, now)
		}
		if err != nil {
			break
		}
		all = all && s.answer.Outcome != Refused
	}
	if all && err == nil {
		return true, nil
	}
	g.forgo(list)
	for i := range list {
		if list[i].answer.Outcome == Accepted {
			list[i].answer = Answer{}
		}
	}
	return false, err
}

// claimOfBatch is the claim of a batch, which is no key's: the quantity is how
// many events there are, and the tags are a hash of all of them.
func claimOfBatch(list []staged) claim {
	h := fnv.New32a()
	var b []byte
	for i := range list {
		s := &list[i]
		b = appendText(appendKeyNames(b[:0], &s.Key), s.tags)
		h.Write(binary.AppendVarint(b, s.Quantity))
	}
	return claim{quantity: int64(len(list)), tags: h.Sum32()}
}

// ofBatch reports whether the claim is a batch's.
func (c claim) ofBatch() bool { return c.key == 0 }
