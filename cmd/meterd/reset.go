package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func newReset() *cobra.Command {
	var client adminClient
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Make a sandbox forget all usage and begin with its catalog again",
		Long: `reset makes a running service forget all records, calls and its marketplace, and
apply the catalog that it was started with again. The clock stays as it is, and
the registration tokens that dev printed are minted again, to the same values.
dev allows it; serve does with --allow-reset.`,
		Example: "  meterd reset",
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			var answer struct{}
			if err := client.call(cmd.Context(), http.MethodPost, "reset", nil, &answer); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "everything is forgotten; the start catalog is applied")
			return nil
		}),
	}
	client.addFlags(cmd.Flags())
	return cmd
}
