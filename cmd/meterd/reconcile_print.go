package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/meterd/meterd/internal/reconcile"
)

func printReconciliation(w io.Writer, output string, r reconcile.Report) error {
	switch output {
	case "json":
		return printJSON(w, r)
	case "csv":
		return printReconciliationCSV(w, r.Lines)
	}
	if err := printLines(w, r.Lines); err != nil {
		return err
	}
	totals := newTable(w, "PRODUCT", "DIMENSION", "OUR RECORDS", "SERVICE'S", "OUR QUANTITY", "SERVICE'S")
	for _, t := range r.Totals {
		totals.row(t.Product, t.Dimension, strconv.Itoa(t.Ours.Records), strconv.Itoa(t.Service.Records),
			strconv.FormatInt(t.Ours.Quantity, 10), strconv.FormatInt(t.Service.Quantity, 10))
	}
	if err := totals.end(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, kind := range reconcile.Kinds {
		n := r.Records[kind]
		switch {
		case n == 0:
		case kind == reconcile.Equal:
			fmt.Fprintf(w, "equal: %s\n", count(n, "record"))
		default:
			fmt.Fprintf(w, "%s: %s. %s\n", kind, count(n, "record"), kind.Do())
		}
	}
	switch {
	case len(r.Totals) == 0:
		fmt.Fprintln(w, "Neither ledger has a record of this.")
	case r.Equal:
		fmt.Fprintln(w, "The ledgers are equal.")
	}
	return nil
}

func printLines(w io.Writer, lines []reconcile.Line) error {
	if len(lines) == 0 {
		return nil
	}
	rows := newTable(w, "HOUR", "PRODUCT", "CUSTOMER", "DIMENSION", "OURS", "SERVICE'S", "DIFFERENCE", "REASON")
	for _, l := range lines {
		rows.row(l.Hour.Format(time.RFC3339), l.Product, l.Buyer().String(), l.Dimension, quantityText(l.Ours), quantityText(l.Service), string(l.Kind), shorten(l.Reason))
	}
	if err := rows.end(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return nil
}

// reasonCharsMax is how much of a reason a table shows; json and csv have it all.
const reasonCharsMax = 80

func shorten(reason string) string {
	if chars := []rune(reason); len(chars) > reasonCharsMax {
		return string(chars[:reasonCharsMax-1]) + "…"
	}
	return reason
}

// quantityText is empty for no record, which is not a record of 0.
func quantityText(quantity *int64) string {
	if quantity == nil {
		return ""
	}
	return strconv.FormatInt(*quantity, 10)
}

func printReconciliationCSV(w io.Writer, lines []reconcile.Line) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"difference", "hour", "product", "customerIdentifier", "customerAWSAccountId", "licenseArn", "dimension", "ours", "service", "state", "meteringRecordId", "reason"}}
	for _, l := range lines {
		rows = append(rows, []string{
			string(l.Kind), l.Hour.Format(time.RFC3339), l.Product, l.Customer, l.Account, l.License, l.Dimension,
			quantityText(l.Ours), quantityText(l.Service), string(l.State), l.MeteringRecordID, l.Reason,
		})
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
