package outbox

// Totals say where the amounts of acknowledged events are, in told units:
//
//	Told = Open - Credit + Included + Pending + Done + Dead + Discarded
type Totals struct {
	// Events is how many events were acknowledged, and Told their sum.
	Events, Told int64
	// Open is in hours that are not frozen; it may be negative.
	Open int64
	// Credit waits for usage to be set against.
	Credit int64
	// Included was free of charge.
	Included int64
	// Pending, Done, Dead and Discarded are in records of that state.
	Pending, Done, Dead, Discarded int64
}

// Balanced reports whether the parts make up what was told.
func (t Totals) Balanced() bool {
	return t.Told == t.Open-t.Credit+t.Included+t.Pending+t.Done+t.Dead+t.Discarded
}

// add adds u, sign times.
func (t *Totals) add(u Totals, sign int64) {
	t.Events += sign * u.Events
	t.Told += sign * u.Told
	t.Open += sign * u.Open
	t.Credit += sign * u.Credit
	t.Included += sign * u.Included
	t.Pending += sign * u.Pending
	t.Done += sign * u.Done
	t.Dead += sign * u.Dead
	t.Discarded += sign * u.Discarded
}

// totals are what a record contributes to those of its key. Its Open is what it
// handed on to open hours, less what it took over from others. They balance if
// and only if the record's note does.
func (r *Record) totals() Totals {
	n := &r.Note
	t := Totals{
		Events:   n.Events,
		Told:     n.Told,
		Open:     n.CarriedOut - n.CarriedIn,
		Credit:   n.CreditOut - n.CreditIn,
		Included: n.Included,
	}
	switch r.Fate.State {
	case Pending:
		t.Pending = r.Amount()
	case Done:
		t.Done = r.Amount()
	case Dead:
		t.Dead = r.Amount()
	case Discarded:
		t.Discarded = r.Amount()
	case Carried:
		t.Open += r.Amount()
	}
	return t
}

// counts are numbers of records.
type counts struct{ pending, dead int64 }

func (r *Record) counts() (c counts) {
	switch r.Fate.State {
	case Pending:
		c.pending = 1
	case Dead:
		c.dead = 1
	}
	return c
}
