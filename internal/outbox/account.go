package outbox

import "time"

// account is what is known of a key. The committer changes it, under the
// outbox's lock; all but open stands in a row.
type account struct {
	// What every event needs comes first, so that it is close together.
	id keyID
	// last is the latest hour with a record. Later hours surely have none.
	last Hour
	// recent is the open hour that was added to last, nil if it was frozen.
	recent *bucket
	// open are the hours that are not frozen, in the order of their opening.
	// They are few.
	open []*bucket

	key Key
	// frozen are the totals of the key's records, also of those that were
	// forgotten. Its Open is what records handed on to open hours: the sum of
	// CarriedIn of those.
	frozen Totals
	counts counts
	// gross is what was counted in frozen hours, up and down added together.
	gross int64
	// gone are the totals of forgotten records alone, and unclaimed those of
	// events without a claim: theirs was forgotten, or is that of a batch.
	gone      Totals
	unclaimed Totals

	// month is the latest month of which usage was included, and used how much.
	month, used int64
	closedAt    time.Time
}

// at returns the bucket of an hour, nil if there is none.
func (a *account) at(h Hour) *bucket {
	if a.recent != nil && a.recent.hour == h {
		return a.recent
	}
	for _, b := range a.open {
		if b.hour == h {
			return b
		}
	}
	return nil
}

// totals include what is in open hours.
func (a *account) totals() Totals {
	t := a.frozen
	t.Open = 0
	for _, b := range a.open {
		t.Events += b.Events
		t.Told += b.Told
		t.Open += b.amount()
	}
	return t
}

// settle counts a record's change from one fate to another.
func (a *account) settle(before, after *Record) {
	a.frozen.add(before.totals(), -1)
	a.frozen.add(after.totals(), 1)
	b, c := before.counts(), after.counts()
	a.counts.pending += c.pending - b.pending
	a.counts.dead += c.dead - b.dead
}

// freeze counts a new record, whose hour had gross.
func (a *account) freeze(r *Record, gross int64) {
	a.frozen.add(r.totals(), 1)
	c := r.counts()
	a.counts.pending += c.pending
	a.counts.dead += c.dead
	a.gross += gross
	a.last = max(a.last, r.ID.Hour)
	if r.Note.Included > 0 {
		a.month, a.used = r.ID.Hour.month(), a.usedIn(r.ID.Hour.month())+r.Note.Included
	}
}

// usedIn is how much of a month's included usage is used up. Of a month before
// the latest nothing is left: what it had was not kept.
func (a *account) usedIn(month int64) int64 {
	if month > a.month {
		return 0
	}
	return a.used
}

// included is what of a month's included usage is left.
func (a *account) included(month int64, terms Terms) int64 {
	if month < a.month {
		return 0
	}
	return max(terms.Included-a.usedIn(month), 0)
}
