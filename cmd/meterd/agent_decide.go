package main

import (
	"errors"
	"fmt"
	"net/http"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/agent"
	"github.com/meterd/meterd/internal/outbox"
)

// agentDecision is what a person decides about dead letters.
type agentDecision struct {
	client agentClient
	all    bool

	Who     string `json:"who"`
	Why     string `json:"why"`
	Confirm bool   `json:"confirm,omitempty"`
}

func newAgentRedrive() *cobra.Command {
	d := &agentDecision{}
	cmd := d.command("redrive", "Send dead letters again, or bill them with the next hour", `redrive has a running agent send dead letters again, the same records for the same
hours, as long as the service takes them. After its deadline a record's amount is
billed with the next hour of its customer instead. If it was ever sent, that wants
--confirm, because an attempt may have been accepted without its answer arriving:
look the record up at the service first.`)
	cmd.Example = `  meterd agent redrive 498706-12 --why "the agreement was renewed"
  meterd agent redrive --all --why "the credentials are mended"`
	cmd.Flags().BoolVar(&d.Confirm, "confirm", false, "the service does not have these records; bill them")
	return cmd
}

func newAgentDiscard() *cobra.Command {
	d := &agentDecision{}
	cmd := d.command("discard", "Give dead letters up: they will not be billed", `discard gives dead letters up. Who did it, and why, is kept for ever.`)
	cmd.Example = `  meterd agent discard 498706-12 --why "usage of our own tests"`
	return cmd
}

func (d *agentDecision) command(action, short, long string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   action + " (RECORD... | --all)",
		Short: short,
		Long:  long,
		RunE: runE(func(cmd *cobra.Command, ids []string) error {
			return d.run(cmd, action, ids)
		}),
	}
	d.client.addFlags(cmd.Flags())
	cmd.Flags().BoolVar(&d.all, "all", false, "every dead letter that there is now")
	cmd.Flags().StringVar(&d.Why, "why", "", "the reason, which is kept")
	cmd.Flags().StringVar(&d.Who, "who", "", "who decides (default the user of this machine)")
	return cmd
}

// run decides about each record; one that fails does not keep the others.
func (d *agentDecision) run(cmd *cobra.Command, action string, ids []string) error {
	switch {
	case !d.all && len(ids) == 0:
		return usagef("which records? name them as 'meterd agent dead-letters' does, or use --all")
	case d.all && len(ids) > 0:
		return usagef("%s and --all exclude each other", ids[0])
	case d.Why == "":
		return usagef("--why is missing; the reason is kept with the decision")
	}
	for _, id := range ids {
		if _, err := outbox.ParseRecordID(id); err != nil {
			return usagef("%w", err)
		}
	}
	if err := d.findWho(); err != nil {
		return err
	}
	if d.all {
		for r, err := range d.client.deadLetters(cmd.Context()) {
			if err != nil {
				return err
			}
			ids = append(ids, r.ID)
		}
		if len(ids) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "there are no dead letters")
		}
	}
	var failed error
	for _, id := range ids {
		var decided agent.Decided
		if err := d.client.call(cmd.Context(), http.MethodPost, "/v1/dead-letters/"+id+"/"+action, d, &decided); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", id, done[decided.Action])
	}
	return failed
}

// done says what an action has come to.
var done = map[outbox.Action]string{
	outbox.Resend:  "is sent again",
	outbox.Carry:   "will be billed with the next hour",
	outbox.Discard: "is given up",
}

func (d *agentDecision) findWho() error {
	if d.Who != "" {
		return nil
	}
	u, err := user.Current()
	if err != nil {
		return usagef("--who is missing, and this machine does not say: %w", err)
	}
	d.Who = u.Username
	return nil
}
