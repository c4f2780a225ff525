package main

import (
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
)

func newCatalogPublicKey() *cobra.Command {
	var (
		client  adminClient
		data    string
		product string
		version limit
	)
	cmd := &cobra.Command{
		Use:   "public-key --product CODE",
		Short: "Print the key (PEM) that verifies RegisterUsage answers of a product",
		Example: `  meterd catalog public-key --product demo-container > key.pem
  meterd catalog public-key --product demo-container --version 1`,
		Args: takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if product == "" {
				return usagef("--product is missing")
			}
			if data != "" {
				return withLedger(cmd.Context(), data, func(l *ledger.Ledger) error {
					pem, err := l.PublicKey(cmd.Context(), metering.ProductCode(product), int64(version))
					return printText(cmd.OutOrStdout(), pem, err)
				})
			}
			query := url.Values{"product": {product}}
			if version != 0 {
				query.Set("version", strconv.Itoa(int(version)))
			}
			pem, err := client.fetch(cmd.Context(), "public-key", query)
			return printText(cmd.OutOrStdout(), pem, err)
		}),
	}
	flags := cmd.Flags()
	client.addFlags(flags)
	flags.StringVar(&data, "data", "", "data directory to read instead of asking a service")
	flags.StringVar(&product, "product", "", "product code")
	flags.Var(&version, "version", "version of the key (default the newest)")
	return cmd
}
