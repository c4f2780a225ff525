package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/usagefile"
)

// refusedShown is how many refused rows are printed; the result file has all.
const refusedShown = 20

// printImport prints what an import did, or would do.
func printImport(w io.Writer, output string, r usagefile.Report, dryRun bool, result string) error {
	if output == "json" {
		return printJSON(w, struct {
			usagefile.Report
			DryRun bool   `json:"dryRun"`
			Result string `json:"resultFile"`
		}{r, dryRun, result})
	}
	fmt.Fprintf(w, "%s, %s", count(r.Rows, "row"), count(r.Records, "record"))
	if dryRun {
		fmt.Fprintf(w, "; %s to make; nothing was sent", count(r.Calls, "call"))
	}
	fmt.Fprintln(w)
	if len(r.Unused) > 0 {
		fmt.Fprintf(w, "columns not used: %s\n", strings.Join(r.Unused, ", "))
	}
	if len(r.Sums) > 0 {
		fmt.Fprintln(w)
	}
	if err := printSums(w, r.Sums); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, verdict := range slices.Sorted(maps.Keys(r.Verdicts)) {
		fmt.Fprintf(w, "%s: %s\n", verdictText(verdict, dryRun), count(r.Verdicts[verdict], "row"))
	}
	for i, row := range r.Refused {
		if i == refusedShown {
			fmt.Fprintf(w, "  and %d more\n", len(r.Refused)-i)
			break
		}
		fmt.Fprintf(w, "  line %d: %s: %s\n", row.Line, row.Verdict, row.Reason)
	}
	if !dryRun {
		fmt.Fprintf(w, "result file: %s\n", result)
	}
	return nil
}

// verdictText is a verdict in the report.
func verdictText(v usagefile.Verdict, dryRun bool) string {
	switch {
	case v.Accepted():
		return "accepted"
	case dryRun && v == usagefile.NotSent:
		return "would be sent"
	case dryRun && v.Open():
		return "would be sent again"
	case dryRun && v == usagefile.Refused:
		return "would be refused"
	}
	return string(v)
}

func printSums(w io.Writer, sums []usagefile.Sum) error {
	if len(sums) == 0 {
		return nil
	}
	rows := newTable(w, "PRODUCT", "CUSTOMER", "DIMENSION", "FROM", "TO", "ROWS", "ACCEPTED", "OPEN")
	for _, s := range sums {
		customer := cmp.Or(s.Customer, s.Account)
		if s.License != "" {
			customer += " " + s.License
		}
		rows.row(s.Product, customer, s.Dimension, s.From.UTC().Format(time.RFC3339), s.To.UTC().Format(time.RFC3339),
			strconv.Itoa(s.Rows), strconv.FormatInt(s.Accepted, 10), strconv.FormatInt(s.Open, 10))
	}
	return rows.end()
}
