package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/meterd/meterd/internal/admin"
)

func printRecords(w io.Writer, output string, records iter.Seq2[admin.Record, error]) error {
	out := bufio.NewWriter(w)
	var err error
	switch output {
	case "json":
		err = printRecordArray(out, records)
	case "ndjson":
		err = printRecordLines(out, records)
	default:
		err = printRecordTable(out, records)
	}
	return errors.Join(err, out.Flush())
}

func printRecordLines(w io.Writer, records iter.Seq2[admin.Record, error]) error {
	lines := json.NewEncoder(w)
	for record, err := range records {
		if err == nil {
			err = lines.Encode(record)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// printRecordArray prints one array without holding all of it.
func printRecordArray(w io.Writer, records iter.Seq2[admin.Record, error]) error {
	before := "["
	for record, err := range records {
		if err != nil {
			return err
		}
		text, err := json.MarshalIndent(record, "    ", "    ")
		if err != nil {
			return fmt.Errorf("printing: %w", err)
		}
		fmt.Fprintf(w, "%s\n    %s", before, text)
		before = ","
	}
	if before == "[" {
		_, err := fmt.Fprintln(w, "[]")
		return err
	}
	_, err := fmt.Fprintln(w, "\n]")
	return err
}

// tableChunk is how many rows are aligned with one another, because they are
// held in memory until they are printed.
const tableChunk = 1000

func printRecordTable(w io.Writer, records iter.Seq2[admin.Record, error]) error {
	rows := newTable(w, "HOUR", "PRODUCT", "CUSTOMER", "DIMENSION", "QUANTITY", "ID", "LICENCE OR RESOURCE")
	n := 0
	for r, err := range records {
		if err != nil {
			return err
		}
		rows.row(
			r.Hour.Format(time.RFC3339), string(r.Product), cmp.Or(string(r.Customer), string(r.Buyer)),
			string(r.Dimension), strconv.FormatInt(r.Quantity, 10), r.ID, cmp.Or(string(r.License), string(r.Resource)),
		)
		if n++; n%tableChunk == 0 {
			if err := rows.end(); err != nil {
				return err
			}
		}
	}
	return rows.end()
}
