package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/clock"
)

func newCatalogApply() *cobra.Command {
	var (
		client adminClient
		prune  bool
	)
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Apply a catalog file, or - for stdin, to a running service",
		Long: `apply checks a catalog here and sends it to a running service. Key files that it
names are read here. Sellers, buyers and tokens that it does not name stay as
they are, and what they can prove themselves by stays good; with --prune they are
removed. Usage that was told stays. Applying a catalog twice changes nothing.`,
		Example: `  meterd catalog apply catalog.yaml
  meterd catalog apply --prune catalog.yaml`,
		Args: takes("FILE"),
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			// Tokens that do not say when they were minted are minted now, by
			// the clock of the service.
			var standing clock.State
			if err := client.call(cmd.Context(), http.MethodGet, "clock", nil, &standing); err != nil {
				return err
			}
			state, err := readCatalog(cmd.InOrStdin(), args[0], standing.Now)
			if err != nil {
				return err
			}
			source, err := catalog.Format(state)
			if err != nil {
				return err
			}
			query := url.Values{}
			if prune {
				query.Set("prune", "true")
			}
			response, err := client.send(cmd.Context(), http.MethodPut, "catalog", query, source, "application/json")
			if err != nil {
				return err
			}
			defer response.Body.Close()
			var applied admin.Applied
			if err := json.NewDecoder(response.Body).Decode(&applied); err != nil {
				return fmt.Errorf("reading the admin surface's answer: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s applied: %d created, %d changed, %d removed\n", args[0], applied.Created, applied.Changed, applied.Removed)
			return nil
		}),
	}
	client.addFlags(cmd.Flags())
	cmd.Flags().BoolVar(&prune, "prune", false, "remove sellers, buyers and tokens that the catalog does not name")
	return cmd
}
