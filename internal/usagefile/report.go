package usagefile

import (
	"cmp"
	"slices"
	"time"

	"github.com/meterd/meterd/api"
)

// Report says what a run would do, or has done.
type Report struct {
	Rows    int `json:"rows"`
	Records int `json:"records"`
	// Calls is how many calls what is to be told takes at least.
	Calls int `json:"calls"`
	// Verdicts counts rows. Those of rows that would be told are NotSent, and
	// Unknown if they were sent before without an answer.
	Verdicts map[Verdict]int `json:"verdicts"`
	// Sums are what is or would be told, and what is accepted.
	Sums []Sum `json:"sums"`
	// Refused are the rows that are not accepted, or would not be sent.
	Refused []Result `json:"refused"`
	// Unused are columns that are nothing of a record.
	Unused []string `json:"unusedColumns,omitempty"`
}

// Sum is the usage of a buyer and dimension.
type Sum struct {
	Product   string `json:"productCode,omitempty"`
	Customer  string `json:"customerIdentifier,omitempty"`
	Account   string `json:"customerAWSAccountId,omitempty"`
	License   string `json:"licenseArn,omitempty"`
	Dimension string `json:"dimension"`
	// From and To are the first and the last time.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Rows int       `json:"rows"`
	// Open is to be told, Accepted was accepted.
	Open     int64 `json:"open"`
	Accepted int64 `json:"accepted"`
}

// Report reports on results, as Do or Outlook returns them.
func (r *Run) Report(results []Result) Report {
	report := Report{Rows: len(results), Records: len(r.Records), Verdicts: map[Verdict]int{}, Refused: []Result{}, Unused: r.File.Unused}
	sums := map[[5]string]*Sum{}
	for _, result := range results {
		report.Verdicts[result.Verdict]++
		if !result.Verdict.Open() && !result.Verdict.Accepted() {
			report.Refused = append(report.Refused, result)
			continue
		}
		key := [...]string{result.Product, result.Customer, result.Account, result.License, result.Dimension}
		if sums[key] == nil {
			sums[key] = &Sum{Product: key[0], Customer: key[1], Account: key[2], License: key[3], Dimension: key[4]}
		}
		sums[key].add(&result)
	}
	open := map[string]int{}
	for i := range r.Records {
		record := &r.Records[i]
		if results[record.Rows[0]].Verdict.Open() {
			open[record.group+"\n"+text(record.Product)]++
		}
	}
	for _, n := range open {
		report.Calls += (n + api.RecordsMax - 1) / api.RecordsMax
	}
	report.Sums = make([]Sum, 0, len(sums))
	for _, sum := range sums {
		report.Sums = append(report.Sums, *sum)
	}
	slices.SortFunc(report.Sums, compareSums)
	return report
}

func (s *Sum) add(r *Result) {
	if s.Rows++; s.Rows == 1 || r.Timestamp.Before(s.From) {
		s.From = *r.Timestamp
	}
	if s.Rows == 1 || r.Timestamp.After(s.To) {
		s.To = *r.Timestamp
	}
	if r.Verdict.Accepted() {
		s.Accepted += *r.Quantity
	} else {
		s.Open += *r.Quantity
	}
}

func compareSums(a, b Sum) int {
	return cmp.Or(
		cmp.Compare(a.Product, b.Product), cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Account, b.Account),
		cmp.Compare(a.License, b.License), cmp.Compare(a.Dimension, b.Dimension),
	)
}
