package bench

import "time"

// pace is how many records were decided by when.
type pace []mark

type mark struct {
	at      time.Duration
	records int64
}

// reached returns when so many records were decided, between two marks at the
// speed from one to the other.
func (p pace) reached(records float64) time.Duration {
	before := mark{}
	for _, m := range p {
		if float64(m.records) >= records && m.records > before.records {
			part := (records - float64(before.records)) / float64(m.records-before.records)
			return before.at + time.Duration(part*float64(m.at-before.at))
		}
		before = m
	}
	return before.at
}

// tenths returns the records per second of the first and of the last tenth of
// all records.
func (p pace) tenths() (first, last float64) {
	if len(p) == 0 {
		return 0, 0
	}
	end := p[len(p)-1]
	tenth := float64(end.records) / 10
	return perSecond(tenth, p.reached(tenth)), perSecond(tenth, end.at-p.reached(9*tenth))
}

func perSecond(n float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return n / d.Seconds()
}
