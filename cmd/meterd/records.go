package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/ledger"
)

func newRecords() *cobra.Command {
	var (
		client adminClient
		query  admin.RecordQuery
		data   string
		output string
	)
	cmd := &cobra.Command{
		Use:   "records",
		Short: "List accepted usage records",
		Long: `records lists the usage records that a running service accepted or, with --data,
those in the directory of one that does not run. The table is sorted by hour and
product, ten thousand at a time. json and ndjson have them as they come: by kind
(told on a licence, on a product, by a running product) and within it by hour.
--limit takes the first that come.`,
		Example: `  meterd records
  meterd records --customer cust-active --from 2026-11-01 --to 2026-12-01
  meterd records --output ndjson | jq .quantity
  meterd records --data /var/lib/meterd`,
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if _, _, err := readPeriod(query.From, query.To); err != nil {
				return err
			}
			list := func(records iter.Seq2[admin.Record, error]) error {
				return printRecords(cmd.OutOrStdout(), output, records)
			}
			if data == "" {
				return list(client.records(cmd.Context(), query))
			}
			return withLedger(cmd.Context(), data, func(l *ledger.Ledger) error {
				records, err := admin.Records(cmd.Context(), l, query)
				if err != nil {
					return err
				}
				return list(records)
			})
		}),
	}
	flags := cmd.Flags()
	client.addFlags(flags)
	flags.StringVar(&data, "data", "", "data directory to read instead of asking a service")
	flags.StringVar(&query.From, "from", "", "first hour, as 2026-11-22T00:00:00Z or a day")
	flags.StringVar(&query.To, "to", "", "end of the last hour")
	flags.StringVar(&query.Product, "product", "", "product code")
	flags.StringVar(&query.Customer, "customer", "", "CustomerIdentifier or account of the buyer")
	flags.StringVar(&query.Dimension, "dimension", "", "dimension")
	flags.Var((*limit)(&query.Limit), "limit", "most records to list (default all)")
	choiceVar(flags, &output, "output", "how to print", "table", "json", "ndjson")
	return cmd
}

// limit is a flag that takes a whole number of 1 or more.
type limit int

func (l *limit) String() string { return "" }
func (l *limit) Type() string   { return "n" }

func (l *limit) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a whole number of 1 or more", s)
	}
	*l = limit(n)
	return nil
}

// records asks a running service, which sends one record per line.
func (c *adminClient) records(ctx context.Context, q admin.RecordQuery) iter.Seq2[admin.Record, error] {
	query := url.Values{}
	for name, value := range map[string]string{"from": q.From, "to": q.To, "product": q.Product, "customer": q.Customer, "dimension": q.Dimension} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if q.Limit > 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	return func(yield func(admin.Record, error) bool) {
		answer, err := c.send(ctx, http.MethodGet, "records", query, nil, admin.NDJSON)
		if err != nil {
			yield(admin.Record{}, err)
			return
		}
		defer answer.Body.Close()
		for line := json.NewDecoder(answer.Body); ; {
			record, err := readRecord(line)
			if err == io.EOF || !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// readRecord reads one line, which tells of a fault if it is the last one.
func readRecord(lines *json.Decoder) (admin.Record, error) {
	var line struct {
		admin.Record
		Error string `json:"error"`
	}
	err := lines.Decode(&line)
	switch {
	case err == io.EOF:
		return admin.Record{}, err
	case err != nil:
		return admin.Record{}, fmt.Errorf("reading records: %w", err)
	case line.Error != "":
		return admin.Record{}, errors.New(line.Error)
	}
	return line.Record, nil
}
