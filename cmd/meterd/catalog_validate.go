package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/mistake"
)

func newCatalogValidate() *cobra.Command {
	output := ""
	cmd := &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a catalog file, or - for stdin; every mistake is told with its line and field",
		Example: `  meterd catalog validate catalog.yaml
  meterd catalog validate catalog.yaml --output json`,
		Args: takes("FILE"),
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			state, err := readCatalog(cmd.InOrStdin(), args[0], time.Now())
			if output == "json" {
				return errors.Join(err, printCheck(cmd.OutOrStdout(), args[0], err))
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %s\n", args[0], describe(state))
			if len(state.Sellers)+len(state.Buyers) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "meterd: it names no seller and no buyer, so that applying it brings none")
			}
			return nil
		}),
	}
	choiceVar(cmd.Flags(), &output, "output", "how to print", "text", "json")
	return cmd
}

// printCheck prints what a check found, an empty list if nothing.
func printCheck(w io.Writer, file string, err error) error {
	wrong := &mistake.List{File: file, Mistakes: []mistake.Mistake{}}
	if err != nil && !errors.As(err, &wrong) {
		return nil // not a mistake in the file; it is told as every error is
	}
	return printJSON(w, wrong)
}

func describe(s marketplace.State) string {
	products, agreements := 0, 0
	for _, seller := range s.Sellers {
		products += len(seller.Products)
	}
	for _, buyer := range s.Buyers {
		agreements += len(buyer.Agreements)
	}
	return fmt.Sprintf("%s, %s, %s, %s, %s", count(len(s.Sellers), "seller"), count(products, "product"),
		count(len(s.Buyers), "buyer"), count(agreements, "agreement"), count(len(s.Tokens), "registration token"))
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
