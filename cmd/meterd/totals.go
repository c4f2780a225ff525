package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/ledger"
)

func newTotals() *cobra.Command {
	var (
		client            adminClient
		at                place
		storeName, output string
		month             string
	)
	cmd := &cobra.Command{
		Use:   "totals",
		Short: "List what was accepted in a month",
		Long: `totals lists how many records were accepted in a month, and what they come to, by
product, customer and dimension: of a running service or, with --data or --store, of
one that does not run. Records that retention has dropped are in it.`,
		Example: `  meterd totals
  meterd totals --month 2026-10 --output json`,
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if err := admin.CheckMonth(month); err != nil {
				return usagef("--month: %w", err)
			}
			list, err := askTotals(cmd.Context(), &client, at, storeName, month)
			if err != nil {
				return err
			}
			return printTotals(cmd.OutOrStdout(), output, list)
		}),
	}
	flags := cmd.Flags()
	client.addFlags(flags)
	flags.StringVar(&at.data, "data", "", "data directory to read instead of asking a service")
	flags.StringVar(&storeName, "store", "", "URL of the PostgreSQL database to read instead of asking a service")
	flags.StringVar(&month, "month", "", "month in UTC, as 2026-11 (default the one that it is)")
	choiceVar(flags, &output, "output", "how to print", "table", "json")
	return cmd
}

// askTotals asks a service, or reads from a place.
func askTotals(ctx context.Context, client *adminClient, at place, storeName, month string) (list []admin.Total, err error) {
	if at.data == "" && storeName == "" {
		path := "totals"
		if month != "" {
			path += "?" + url.Values{"month": {month}}.Encode()
		}
		var answer admin.TotalList
		err := client.call(ctx, http.MethodGet, path, nil, &answer)
		return answer.Totals, err
	}
	if err := at.checkKept(storeName); err != nil {
		return nil, err
	}
	return list, withLedgerAt(ctx, at, func(l *ledger.Ledger) (err error) {
		list, err = admin.Totals(ctx, l, month)
		return err
	})
}

func printTotals(w io.Writer, output string, list []admin.Total) error {
	if output == "json" {
		return printJSON(w, list)
	}
	rows := newTable(w, "MONTH", "PRODUCT", "CUSTOMER", "DIMENSION", "RECORDS", "QUANTITY", "SELLER", "LICENCE OR RESOURCE")
	for _, t := range list {
		rows.row(t.Month, string(t.Product), cmp.Or(string(t.Customer), string(t.Buyer)), string(t.Dimension),
			strconv.FormatUint(t.Records, 10), strconv.FormatInt(t.Quantity, 10),
			fmt.Sprintf("%s/%s", t.Seller, t.Region), cmp.Or(string(t.License), string(t.Resource)))
	}
	return rows.end()
}
