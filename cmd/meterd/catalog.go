package main

import (
	"errors"

	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/marketplace"
)

// readCatalog reads a catalog file, or - for stdin. A catalog on stdin is in no
// folder, so that it can name no key files.
func readCatalog(stdin io.Reader, path string, now time.Time) (marketplace.State, error) {
	if path != "-" {
		return catalog.Load(path, now)
	}
	source, err := io.ReadAll(stdin)
	if err != nil {
		return marketplace.State{}, fmt.Errorf("reading stdin: %w", err)
	}
	return catalog.Parse(source, catalog.Options{File: "stdin", Now: now})
}

func newCatalog() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalog",
		Short: "Check, apply and export the marketplace's catalog",
		Example: `  meterd catalog validate catalog.yaml
  meterd catalog apply catalog.yaml
  meterd catalog export > catalog.yaml
  meterd catalog public-key --product demo-container > key.pem`,
		GroupID: groupOperator,
		Args:    takesCommand,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("which one? validate, apply, export or public-key")
		},
	}
	cmd.AddCommand(newCatalogValidate(), newCatalogApply(), newCatalogExport(), newCatalogPublicKey())
	return cmd
}
