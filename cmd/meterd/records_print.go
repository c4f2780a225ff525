package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
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
	lines.SetEscapeHTML(false)
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
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetIndent("    ", "    ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(record); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
		fmt.Fprintf(w, "%s\n    %s", before, bytes.TrimSuffix(text.Bytes(), []byte("\n")))
		before = ","
	}
	if before == "[" {
		_, err := fmt.Fprintln(w, "[]")
		return err
	}
	_, err := fmt.Fprintln(w, "\n]")
	return err
}

// tableChunk is how many rows are sorted and aligned with one another, because
// they are held in memory until they are printed.
const tableChunk = 10_000

// printRecordTable prints records by hour and then product, chunk by chunk.
func printRecordTable(w io.Writer, records iter.Seq2[admin.Record, error]) error {
	rows := newTable(w, "HOUR", "PRODUCT", "CUSTOMER", "DIMENSION", "QUANTITY", "ID", "LICENCE OR RESOURCE")
	var chunk []admin.Record
	for r, err := range records {
		if err != nil {
			return errors.Join(rows.records(chunk), err)
		}
		if chunk = append(chunk, r); len(chunk) == tableChunk {
			if err := rows.records(chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	return rows.records(chunk)
}

// records sorts records and prints them.
func (t *table) records(list []admin.Record) error {
	slices.SortStableFunc(list, func(a, b admin.Record) int {
		return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Product, b.Product))
	})
	for _, r := range list {
		t.row(
			r.Hour.Format(time.RFC3339), string(r.Product), cmp.Or(string(r.Customer), string(r.Buyer)),
			string(r.Dimension), strconv.FormatInt(r.Quantity, 10), r.ID, cmp.Or(string(r.License), string(r.Resource)),
		)
	}
	return t.end()
}
