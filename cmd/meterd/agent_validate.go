package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/plan"
)

func newAgentValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check an agent's configuration file",
		Long: `validate reads a configuration file and the files with secrets that it names, and
tells line, field and way out of every mistake. It calls nobody.`,
		Example: `  meterd agent validate agent.yaml`,
		Args:    takes("FILE"),
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			p, err := plan.Load(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %s, %s\n", args[0], count(len(p.Products), "product"), count(len(p.Services), "service"))
			return nil
		}),
	}
}
