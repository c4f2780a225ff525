package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/check"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/transfer"
)

func newImportLedger() *cobra.Command {
	var (
		at        place
		storeName string
	)
	cmd := &cobra.Command{
		Use:   "import-ledger (--data DIR | --store postgres://…) < FILE",
		Short: "Make a ledger of what 'meterd export' wrote",
		Long: `import-ledger reads from stdin what 'meterd export' wrote, into a directory or a
database that holds no ledger, and proves it as 'meterd check' does. An import that
was broken off leaves half a ledger, which every command refuses: empty the
directory or drop the schema meterd, and import again.`,
		Example: `  meterd import-ledger --data /var/lib/meterd < ledger.ndjson
  meterd export --data old | meterd import-ledger --store postgres://meterd@db1/meterd
  meterd check --store postgres://meterd@db1/meterd --equal old`,
		GroupID: groupOperator,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unexpected argument %q; the export is read from stdin: meterd import-ledger … < %s", args[0], args[0])
			}
			return nil
		},
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if err := at.checkKept(storeName); err != nil {
				return err
			}
			s, err := openStore(cmd.Context(), at, slog.New(slog.DiscardHandler), newMetrics())
			if err != nil {
				return err
			}
			counts, report, err := importLedger(cmd.Context(), s, cmd.InOrStdin(), cmd.ErrOrStderr())
			if closed := s.Close(); err == nil {
				err = closed
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "imported %s\n", countsText(counts))
			return printReport(cmd.OutOrStdout(), "text", report)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&at.data, "data", "", "data directory to make")
	flags.StringVar(&storeName, "store", "", "URL of the PostgreSQL database to make it in")
	return cmd
}

func importLedger(ctx context.Context, s store.Store, in io.Reader, stderr io.Writer) (counts transfer.Counts, report *check.Report, err error) {
	show, end := watch(stderr, "calls imported")
	imported := uint64(0)
	counts, err = transfer.Import(ctx, s, in, func(done, all uint64) {
		imported = done
		show(done, all)
	}, func(ctx context.Context) (err error) {
		end()
		proven, end := watch(stderr, "calls checked")
		defer end()
		report, err = check.Ledger(ctx, s, check.Options{Progress: func(calls uint64) { proven(calls, imported) }})
		if err == nil && !report.Sound() {
			err = fmt.Errorf("what was imported is not sound, and stays half a ledger: %s", report.Problems[0])
		}
		return err
	})
	return counts, report, err
}
