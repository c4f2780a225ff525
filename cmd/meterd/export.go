package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/transfer"
)

func newExport() *cobra.Command {
	var (
		at        place
		storeName string
	)
	cmd := &cobra.Command{
		Use:   "export (--data DIR | --store postgres://…)",
		Short: "Write a whole ledger as lines of JSON, to move it to another store",
		Long: `export writes a ledger to stdout, one JSON value per line: calls with their hashes,
names, the marketplace, and the ledger's secrets and keys. 'meterd import-ledger'
makes the same ledger of it in a directory or in PostgreSQL: chains go on where they
ended, and a retry gets the same MeteringRecordId.

No service that uses the ledger may be running. The output holds secrets: keep it
as you keep the ledger. An export that was broken off lacks its last line, and is
refused.`,
		Example: `  meterd export --data /var/lib/meterd > ledger.ndjson
  meterd export --data old | meterd import-ledger --store postgres://meterd@db1/meterd
  meterd export --store postgres://meterd@db1/meterd | gzip > ledger.ndjson.gz`,
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if err := at.checkKept(storeName); err != nil {
				return err
			}
			return withStore(cmd.Context(), at, func(s store.Store) error {
				show, end := watch(cmd.ErrOrStderr(), "calls exported")
				counts, err := transfer.Export(cmd.Context(), s, cmd.OutOrStdout(), time.Now(), show)
				end()
				if err == nil {
					fmt.Fprintf(cmd.ErrOrStderr(), "exported %s\n", countsText(counts))
				}
				return err
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&at.data, "data", "", "data directory to export")
	flags.StringVar(&storeName, "store", "", "URL of the PostgreSQL database to export")
	return cmd
}

func countsText(c transfer.Counts) string {
	return fmt.Sprintf("%d calls, %d facts, %d names, %d rows", c.Calls, c.Facts, c.Names, c.Rows)
}
