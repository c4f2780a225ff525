package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/agent"
)

func newAgentStatus() *cobra.Command {
	var (
		client agentClient
		output string
	)
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show what a running agent has to do, and what keeps it",
		Example: `  meterd agent status`,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			var s agent.Status
			if err := client.call(cmd.Context(), http.MethodGet, "/v1/status", nil, &s); err != nil {
				return err
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), s)
			}
			printAgentStatus(cmd.OutOrStdout(), &s)
			return nil
		}),
	}
	client.addFlags(cmd.Flags())
	choiceVar(cmd.Flags(), &output, "output", "how to print", "text", "json")
	return cmd
}

func printAgentStatus(w io.Writer, s *agent.Status) {
	fmt.Fprintf(w, "it is %s\n", s.Now.Format(time.RFC3339))
	fmt.Fprintf(w, "%s counted for %s, %s open\n", count(int(s.Totals.Events), "event"), count(s.Keys, "key"), count(s.OpenHours, "hour"))
	fmt.Fprintf(w, "%s to be sent", count(int(s.Pending), "record"))
	if s.NextDeadline != nil {
		fmt.Fprintf(w, ", the first by %s (in %s)", s.NextDeadline.Format(time.RFC3339), s.NextDeadline.Sub(s.Now).Round(time.Second))
	}
	fmt.Fprintf(w, "\n%s\n", count(int(s.DeadLetters), "dead letter"))
	if s.DryRun {
		fmt.Fprintln(w, "this is a dry run: nothing is sent")
	}
	for _, service := range s.Services {
		for _, r := range service.Resting {
			fmt.Fprintf(w, "sending %s to %s fails, next try in %.0fs: %s\n", r.Product, service.Name, r.Seconds, r.Error)
		}
	}
	if s.Trouble != "" {
		fmt.Fprintf(w, "trouble: %s\n", s.Trouble)
	}
}
