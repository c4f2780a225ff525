package outbox

import (
	"context"
	"fmt"
	"time"
)

// EnsureZero asks for a record of each key in an hour, of 0 if nothing is told.
// Hours that have their record, or cannot be billed any more, are left alone. It
// returns how many of the hours are open.
func (o *Outbox) EnsureZero(ctx context.Context, keys []Key, hour Hour, now time.Time) (int, error) {
	var open []*account
	err := o.change(ctx, now, func(g *group) error {
		for _, k := range keys {
			a, err := g.ensure(k, hour, now)
			if err != nil {
				return fmt.Errorf("ensuring a record of %s: %w", k, err)
			}
			if a != nil {
				open = append(open, a)
			}
		}
		for _, a := range open {
			if b := a.at(hour); b == nil || !b.wanted {
				// At the hour's first second, so that usage, if some is told,
				// says when the record was.
				g.count(a, addition{kind: wanted, hour: hour})
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(open), nil
}

// ensure returns the key's account if the hour is open.
func (g *group) ensure(k Key, hour Hour, now time.Time) (*account, error) {
	if err := k.check().err(); err != nil {
		return nil, err
	}
	a := g.o.accounts[string(g.names(k))]
	if a == nil {
		if err := g.o.admit(k).err(); err != nil {
			return nil, err
		}
		a = g.open(k)
	}
	h, err := g.o.openHour(a, hour, now)
	if err != nil || h != hour {
		return nil, err
	}
	return a, nil
}
