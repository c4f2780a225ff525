package reconcile

import (
	"cmp"
	"slices"
)

// Report adds up lines.
type Report struct {
	// Equal says that there is no difference.
	Equal bool `json:"equal"`
	// Records counts lines by their kind.
	Records map[Kind]int `json:"records"`
	Totals  []Total      `json:"totals"`
	Lines   []Line       `json:"lines"`
}

// Total is all usage of a product's dimension.
type Total struct {
	Product   string `json:"product,omitempty"`
	Dimension string `json:"dimension"`
	Ours      Amount `json:"ours"`
	Service   Amount `json:"service"`
}

// Amount is a number of records, and their quantities added up. What was
// withdrawn is no part of ours.
type Amount struct {
	Records  int   `json:"records"`
	Quantity int64 `json:"quantity"`
}

func (a *Amount) add(quantity *int64) {
	if quantity != nil {
		a.Records++
		a.Quantity += *quantity
	}
}

// ReportOf makes a report of lines. Without all, equal lines are counted and
// left out.
func ReportOf(lines []Line, all bool) Report {
	r := Report{Equal: true, Records: map[Kind]int{}, Totals: []Total{}, Lines: []Line{}}
	totals := map[[2]string]*Total{}
	for _, l := range lines {
		r.Records[l.Kind]++
		r.Equal = r.Equal && l.Kind == Equal
		if all || l.Kind != Equal {
			r.Lines = append(r.Lines, l)
		}
		key := [2]string{l.Product, l.Dimension}
		if totals[key] == nil {
			totals[key] = &Total{Product: l.Product, Dimension: l.Dimension}
		}
		if l.State != Withdrawn {
			totals[key].Ours.add(l.Ours)
		}
		totals[key].Service.add(l.Service)
	}
	for _, t := range totals {
		r.Totals = append(r.Totals, *t)
	}
	slices.SortFunc(r.Totals, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Dimension, b.Dimension))
	})
	return r
}
