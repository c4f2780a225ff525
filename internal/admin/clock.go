package admin

import (
	"net/http"
	"time"
)

// ClockChange is the body of PUT clock. Members may be combined, but for
// Reset; the pace is set before the time, so that a clock that is set and
// frozen stands at exactly that time.
type ClockChange struct {
	// Now sets the time; the clock goes on at its pace.
	Now *string `json:"now,omitempty"`
	// Advance moves the time by a duration such as "1h30m" or "-5m".
	Advance *string `json:"advance,omitempty"`
	// Scale is how many seconds pass in one; 0 freezes.
	Scale *float64 `json:"scale,omitempty"`
	// Freeze stops the clock; false lets it go on at the machine's pace.
	Freeze *bool `json:"freeze,omitempty"`
	// Reset makes the clock the machine's again.
	Reset bool `json:"reset,omitempty"`
}

// clockYearMax is the last year that the clock can be steered to: later ones
// cannot be written in RFC 3339 once the clock has run on.
const clockYearMax = 9000

func (a *Admin) clock(*http.Request) (any, error) { return a.ledger.Clock().State(), nil }

func (a *Admin) putClock(r *http.Request) (any, error) {
	var change ClockChange
	if err := decodeBody(r, &change); err != nil {
		return nil, err
	}
	now, err := change.check(a.ledger.Clock().Now())
	if err != nil {
		return nil, err
	}
	if err := a.steer(change, now); err != nil {
		return nil, err
	}
	state := a.ledger.Clock().State()
	a.logger.Info("clock steered", "now", state.Now, "scale", state.Scale, "real", state.Real)
	return state, nil
}

// check refuses what makes no sense and returns the time to set, which is zero
// if none is to be.
func (c *ClockChange) check(standing time.Time) (now time.Time, err error) {
	switch {
	case *c == ClockChange{}:
		return now, refuse(http.StatusBadRequest, "nothing to change: send now, advance, scale, freeze or reset")
	case c.Reset && *c != ClockChange{Reset: true}:
		return now, refuse(http.StatusBadRequest, `field "reset" goes alone`)
	case c.Now != nil && c.Advance != nil:
		return now, refuse(http.StatusBadRequest, `fields "now" and "advance" exclude each other`)
	case c.Scale != nil && c.Freeze != nil:
		return now, refuse(http.StatusBadRequest, `fields "scale" and "freeze" exclude each other`)
	case c.Now != nil:
		if now, err = time.Parse(time.RFC3339, *c.Now); err != nil {
			return now, refuse(http.StatusBadRequest, `field "now": %q is not a time such as 2026-11-30T23:59:00Z`, *c.Now)
		}
	case c.Advance != nil:
		by, err := time.ParseDuration(*c.Advance)
		if err != nil {
			return now, refuse(http.StatusBadRequest, `field "advance": %q is not a duration such as 1h30m`, *c.Advance)
		}
		now = standing.Add(by)
	default:
		return now, nil
	}
	if now.Before(time.Unix(0, 0)) || now.Year() > clockYearMax {
		return now, refuse(http.StatusBadRequest, "the clock cannot stand at %s; it goes from 1970 to %d", now.Format(time.RFC3339), clockYearMax)
	}
	return now, nil
}

func (a *Admin) steer(c ClockChange, now time.Time) error {
	clock := a.ledger.Clock()
	if c.Reset {
		clock.Reset()
		return nil
	}
	if c.Freeze != nil {
		switch {
		case *c.Freeze:
			c.Scale = new(0.0)
		case clock.State().Scale == 0:
			c.Scale = new(1.0)
		}
	}
	if c.Scale != nil {
		if err := clock.Scale(*c.Scale); err != nil {
			return refuse(http.StatusBadRequest, `field "scale": %v`, err)
		}
	}
	if !now.IsZero() {
		clock.Set(now)
	}
	return nil
}
