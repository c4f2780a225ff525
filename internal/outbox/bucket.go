package outbox

import "fmt"

// head is what is known of an open hour beside the sums of its tagged usage. It
// stands in a row as a whole.
type head struct {
	Events, Told         int64
	LateEvents, LateTold int64
	CarriedIn            int64
	// gross is what was told, up and down added together.
	gross int64
	// plain is the sum of untagged usage.
	plain int64
	// latest is the second of the latest usage.
	latest second
	// wanted: a record is to be made even if it is of 0.
	wanted bool
}

// bucket is an hour of a key that is not frozen.
type bucket struct {
	hour Hour
	// dirty: the head differs from its row. stored: there is a row.
	dirty, stored bool
	head
	account *account
	sums    map[tagSet]*sum

	// dirtySums differ from their rows.
	dirtySums []*sum
	// gone: the bucket was frozen.
	gone bool
}

// sum is the usage with one set of tags.
type sum struct {
	tags          tagSet
	amount        int64
	dirty, stored bool
}

// amount is all that is in the bucket.
func (b *bucket) amount() int64 { return b.Told + b.CarriedIn }

// additionKind says what an addition is.
type additionKind uint8

const (
	// told is an event of the hour.
	told additionKind = iota + 1
	// toldLate is an event of an earlier hour.
	toldLate
	// carried comes from an earlier hour or a dead letter.
	carried
	// wanted asks for a record.
	wanted
)

// addition is a change of an open hour, as it stands in the log.
type addition struct {
	kind     additionKind
	key      keyID
	hour     Hour
	at       second
	quantity int64
	tags     tagSet
}

// add counts an addition and returns how many sums it opened. It cannot fail:
// that all fits was checked before.
func (b *bucket) add(a addition) (opened int) {
	switch a.kind {
	case toldLate:
		b.LateEvents++
		b.LateTold += a.quantity
		fallthrough
	case told:
		b.Events++
		b.Told += a.quantity
		b.gross += magnitude(a.quantity)
		b.wanted = b.wanted || a.quantity == 0
	case carried:
		b.CarriedIn += a.quantity
	case wanted:
		b.wanted = true
	}
	b.latest = max(b.latest, a.at)
	if a.tags == "" {
		b.plain += a.quantity
		return 0
	}
	s, ok := b.sums[a.tags]
	if !ok {
		if b.sums == nil {
			b.sums = make(map[tagSet]*sum)
		}
		s = &sum{tags: a.tags}
		b.sums[a.tags] = s
		opened = 1
	}
	s.amount += a.quantity
	if !s.dirty {
		s.dirty = true
		b.dirtySums = append(b.dirtySums, s)
	}
	return opened
}

// opens returns how many sums usage with these tags would open; there may be no
// bucket yet.
func (b *bucket) opens(tags tagSet) (n int) {
	if b == nil {
		n = 1
	}
	if tags != "" && (b == nil || b.sums[tags] == nil) {
		n++
	}
	return n
}

// shares are the bucket's sums that are not zero.
func (b *bucket) shares() []share {
	var list []share
	if b.plain != 0 {
		list = append(list, share{"", b.plain})
	}
	for _, s := range b.sums {
		if s.amount != 0 {
			list = append(list, share{s.tags, s.amount})
		}
	}
	return list
}

// idle reports whether there is nothing in the bucket but parts of billed units
// that were carried to it.
func (b *bucket) idle(per int64) bool {
	if b.Events > 0 || b.wanted {
		return false
	}
	for _, s := range b.shares() {
		if s.amount < 0 || s.amount >= per {
			return false
		}
	}
	return true
}

// check reports whether the sums make up what was told and carried in.
func (b *bucket) check() error {
	all := b.plain
	for _, s := range b.sums {
		all += s.amount
	}
	if all != b.amount() {
		return fmt.Errorf("open hour %d of %s: sums of %d for an amount of %d", b.hour, b.account.key, all, b.amount())
	}
	return nil
}

func magnitude(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
