package outbox

import (
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// names encodes the names of a key.
func (g *group) names(k Key) []byte {
	g.value = appendKeyNames(g.value[:0], &k)
	return g.value
}

// open stages the account of a key that has none.
func (g *group) open(k Key) *account {
	a := &account{id: keyID(len(g.o.byID) + 1), key: k.clone()}
	g.key = appendWord(g.key[:0], keyTable, uint32(a.id))
	g.set(g.names(k))
	g.o.known(a, string(g.value))
	return a
}

// known enters an account into the lists, whose order is that of ids. One
// string is quicker to look up than the many of a key.
func (o *Outbox) known(a *account, names string) {
	o.accounts[names] = a
	o.byID = append(o.byID, a)
	o.byCustomer[a.key.Customer] = append(o.byCustomer[a.key.Customer], a)
}

// count adds to an open hour, and logs that.
func (g *group) count(a *account, add addition) {
	add.key = a.id
	g.o.apply(a, add)
	g.log = appendAddition(g.log, &add)
	g.o.logged++
}

// apply adds to an open hour in memory.
func (o *Outbox) apply(a *account, add addition) {
	b := a.at(add.hour)
	if b == nil {
		b = &bucket{account: a, hour: add.hour}
		o.opened(b)
	}
	a.recent = b
	o.sums += b.add(add)
	if !b.dirty {
		b.dirty = true
		o.dirty = append(o.dirty, b)
	}
}

// opened enters a bucket into the lists.
func (o *Outbox) opened(b *bucket) {
	a := b.account
	a.open = append(a.open, b)
	if o.open[b.hour] == nil {
		o.open[b.hour] = make(map[keyID]*bucket)
	}
	o.open[b.hour][a.id] = b
	o.sums += 1 + len(b.sums)
}

// froze takes a bucket out of the lists.
func (o *Outbox) froze(b *bucket) {
	b.gone = true
	if b.account.recent == b {
		b.account.recent = nil
	}
	b.account.open = slices.DeleteFunc(b.account.open, func(other *bucket) bool { return other == b })
	delete(o.open[b.hour], b.account.id)
	if len(o.open[b.hour]) == 0 {
		delete(o.open, b.hour)
	}
	o.sums -= 1 + len(b.sums)
}

// openHour returns the first hour from one on that takes usage of a key at now:
// it has no record, and its usage can still be billed.
func (o *Outbox) openHour(a *account, from Hour, now time.Time) (Hour, error) {
	h := max(from, o.billableFrom(now))
	for ; h <= a.last; h++ {
		frozen, err := hasRecord(o.db, RecordID{h, a.id})
		if err != nil {
			return 0, err
		}
		if !frozen {
			break
		}
	}
	return h, nil
}

func hasRecord(from pebble.Reader, id RecordID) (bool, error) {
	_, err := get(from, appendRecordKey(nil, id, frozenRow), decodeNothing)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking up record %s: %w", id, err)
	}
	return true, nil
}

// billableFrom returns the first hour whose usage can still be billed at now,
// whenever in the hour it was.
func (o *Outbox) billableFrom(now time.Time) Hour {
	h := Hour(o.cfg.Window.OldestHour(now))
	for h < HourOf(now) && !o.billable(h, now) {
		h++
	}
	return h
}

func (o *Outbox) billable(h Hour, now time.Time) bool {
	return o.cfg.Window.Deadline(h.Start()).After(now.Add(billMargin))
}

// checkpoint stages what the log of additions leads to, and the end of the log.
func (g *group) checkpoint() {
	o := g.o
	for _, b := range o.dirty {
		if !b.gone {
			g.store(b)
		}
	}
	clear(o.dirty)
	o.dirty = o.dirty[:0]
	g.note(g.batch.DeleteRange([]byte{logTable}, appendSequence(nil, logTable, o.lastLog+1), nil))
	o.logged = 0
}

// store stages the rows of a bucket that changed.
func (g *group) store(b *bucket) {
	id := RecordID{b.hour, b.account.id}
	g.key = appendPlace(g.key[:0], headTable, id)
	g.set(appendHead(g.value[:0], &b.head))
	b.dirty, b.stored = false, true
	for _, s := range b.dirtySums {
		g.key = append(appendPlace(g.key[:0], sumTable, id), s.tags...)
		g.set(appendSum(g.value[:0], s.amount))
		s.dirty, s.stored = false, true
	}
	b.dirtySums = b.dirtySums[:0]
}

// unstore stages the end of a bucket's rows. They are removed one by one, for
// many ranges would slow down every read.
func (g *group) unstore(b *bucket) {
	id := RecordID{b.hour, b.account.id}
	if b.stored {
		g.key = appendPlace(g.key[:0], headTable, id)
		g.remove()
	}
	for _, s := range b.sums {
		if s.stored {
			g.key = append(appendPlace(g.key[:0], sumTable, id), s.tags...)
			g.remove()
		}
	}
}
