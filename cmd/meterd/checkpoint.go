package main

import (
	"context"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/ledger"
)

func newCheckpoint() *cobra.Command {
	var (
		client            adminClient
		at                place
		storeName, output string
		publicKey         bool
	)
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print where the ledger stands, signed, for an auditor to keep",
		Long: `checkpoint prints the newest call of the ledger and its hash, signed by the
ledger's own key. It asks the running service, or opens with --data or --store the
ledger of one that does not run. Keep it where whoever can write to the ledger
cannot: 'meterd check --since FILE' then proves that history was only appended to.

--public-key prints the key instead that verifies the ledger's checkpoints, as PEM.
Keep that too, once, and name it to check with --key.`,
		Example: `  meterd checkpoint > 2026-11-22.checkpoint
  meterd checkpoint --public-key > ledger.pem
  meterd checkpoint --data /var/lib/meterd --output json`,
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			answer, err := askCheckpoint(cmd.Context(), &client, at, storeName)
			if err != nil {
				return err
			}
			switch {
			case publicKey:
				return printText(cmd.OutOrStdout(), []byte(answer.PublicKey), nil)
			case output == "json":
				return printJSON(cmd.OutOrStdout(), answer)
			}
			return printText(cmd.OutOrStdout(), []byte(answer.Checkpoint), nil)
		}),
	}
	flags := cmd.Flags()
	client.addFlags(flags)
	flags.StringVar(&at.data, "data", "", "data directory to read instead of asking a service")
	flags.StringVar(&storeName, "store", "", "URL of the PostgreSQL database to read instead of asking a service")
	flags.BoolVar(&publicKey, "public-key", false, "print the key that verifies checkpoints")
	choiceVar(flags, &output, "output", "how to print", "text", "json")
	return cmd
}

// askCheckpoint has a service make a checkpoint, or makes it from a place.
func askCheckpoint(ctx context.Context, client *adminClient, at place, storeName string) (answer admin.Checkpoint, err error) {
	if at.data == "" && storeName == "" {
		return answer, client.call(ctx, http.MethodGet, "checkpoint", nil, &answer)
	}
	if err := at.checkKept(storeName); err != nil {
		return answer, err
	}
	return answer, withLedgerAt(ctx, at, func(l *ledger.Ledger) error {
		c, text, err := l.Checkpoint(ctx, time.Now())
		if err == nil {
			answer, err = admin.CheckpointOf(c, text)
		}
		return err
	})
}
