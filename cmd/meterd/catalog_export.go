package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/ledger"
)

func newCatalogExport() *cobra.Command {
	var (
		client adminClient
		data   string
	)
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the marketplace as a catalog file, secrets included",
		Example: `  meterd catalog export > catalog.yaml
  meterd catalog export --data /var/lib/meterd > catalog.yaml`,
		Args: takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				source, err := client.fetch(cmd.Context(), "catalog", nil)
				return printText(cmd.OutOrStdout(), source, err)
			}
			return withLedger(cmd.Context(), data, func(l *ledger.Ledger) error {
				source, err := catalog.Format(l.Market().State)
				return printText(cmd.OutOrStdout(), source, err)
			})
		}),
	}
	client.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&data, "data", "", "data directory to read instead of asking a service")
	return cmd
}

func printText(w io.Writer, text []byte, err error) error {
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
