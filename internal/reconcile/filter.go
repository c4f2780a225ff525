package reconcile

import (
	"slices"
	"time"
)

// Filter chooses lines. The zero value chooses all.
type Filter struct {
	// From and To bound the hour: From <= hour < To. Zero is no bound.
	From, To time.Time
	// Product is a product code. A line of a licence that names none stays in.
	Product string
	// Customer is any name of a buyer.
	Customer string
}

// Choose keeps the chosen lines, in place. It is for after comparing, when a line
// has the names of both ledgers.
func (f Filter) Choose(lines []Line) []Line {
	return slices.DeleteFunc(lines, func(l Line) bool {
		return f.Product != "" && l.Product != "" && l.Product != f.Product ||
			f.Customer != "" && !slices.Contains([]string{l.Customer, l.Account, l.License}, f.Customer) ||
			!f.From.IsZero() && l.Hour.Before(f.From) ||
			!f.To.IsZero() && !l.Hour.Before(f.To)
	})
}
