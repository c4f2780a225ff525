package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newCatalog() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalog",
		Short: "Check, apply and export the marketplace's catalog",
		Example: `  meterd catalog validate catalog.yaml
  meterd catalog apply catalog.yaml
  meterd catalog export > catalog.yaml
  meterd catalog public-key --product demo-container > key.pem`,
		GroupID: groupOperator,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("which one? validate, apply, export or public-key")
		},
	}
	cmd.AddCommand(newCatalogValidate(), newCatalogApply(), newCatalogExport(), newCatalogPublicKey())
	return cmd
}
