package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/outbox"
)

func newAgentCheck() *cobra.Command {
	data := ""
	cmd := &cobra.Command{
		Use:   "check --data DIR",
		Short: "Prove that an outbox has lost nothing and counted nothing twice",
		Long: `check reads the outbox of an agent that does not run, and adds it up: for each
customer and dimension, what the accepted events stand for is what open hours,
credit, included usage and records hold, to the unit, and each record's note explains
its quantity. It exits with 1 if something does not add up.`,
		Example: `  meterd agent check --data /var/lib/meterd-agent`,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return usagef("which outbox? use --data DIR")
			}
			return checkOutbox(cmd.Context(), cmd.OutOrStdout(), data)
		}),
	}
	cmd.Flags().StringVar(&data, "data", "", "directory of the outbox")
	return cmd
}

func checkOutbox(ctx context.Context, w io.Writer, data string) (err error) {
	if _, err := os.Stat(data); err != nil { // else opening would make it
		return fmt.Errorf("there is no outbox in %s: %w", data, err)
	}
	o, err := outbox.Open(data, outbox.Config{})
	if err != nil {
		return explainOutbox(data, err)
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	report, err := o.Check(ctx)
	if err != nil {
		return err
	}
	t := report.Totals
	fmt.Fprintf(w, "%d keys, %d events remembered, %d open hours, %d records\n", report.Keys, report.Events, report.OpenHours, report.Records)
	fmt.Fprintf(w, "told %d = open %d - credit %d + included %d + pending %d + done %d + dead %d + discarded %d\n",
		t.Told, t.Open, t.Credit, t.Included, t.Pending, t.Done, t.Dead, t.Discarded)
	for _, problem := range report.Problems {
		fmt.Fprintln(w, problem)
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("the outbox in %s does not add up", data)
	}
	fmt.Fprintln(w, "it adds up")
	return nil
}
