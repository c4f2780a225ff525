package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/check"
	"github.com/meterd/meterd/internal/store"
)

func newCheck() *cobra.Command {
	var (
		at                place
		storeName, output string
		since             []string
		keyFile           string
	)
	cmd := &cobra.Command{
		Use:   "check (--data DIR | --store postgres://…)",
		Short: "Prove a ledger sound, or name what is not",
		Long: `check re-derives a ledger from its log of calls: that the chain of hashes is
whole, that every fact stands as the call told it that created it, that every
outcome follows, that entries, facts and names agree, and that nothing stands beside
the log; and it compares every byte of the tables with its checksum. It prints the
head of the chain. Who keeps that head, or the checkpoint that 'meterd checkpoint'
prints, can have a later check prove with --since that history was only appended
to. A checkpoint must be signed by the ledger's own key or, better, by the one that
--key names, which the auditor has kept too.

No service that uses the ledger may be running. Exit code 1: the ledger is not
sound, or could not be read.`,
		Example: `  meterd check --data /var/lib/meterd
  meterd check --data /var/lib/meterd --since 1042:5d1f…
  meterd check --data /var/lib/meterd --since october.checkpoint --key ledger.pem
  meterd check --store postgres://meterd@db1/meterd`,
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if err := at.checkKept(storeName); err != nil {
				return err
			}
			kept, err := readKept(since, keyFile)
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), at, func(s store.Store) error {
				if err := kept.verify(cmd.Context(), s); err != nil {
					return err
				}
				report, err := check.Ledger(cmd.Context(), s, check.Options{Since: kept.heads})
				if err != nil {
					return err
				}
				return printReport(cmd.OutOrStdout(), output, report)
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&at.data, "data", "", "data directory to check")
	flags.StringVar(&storeName, "store", "", "URL of the PostgreSQL database to check")
	flags.StringSliceVar(&since, "since", nil, "head that an earlier check printed, as CALL:HASH, or file with a checkpoint; may be repeated")
	flags.StringVar(&keyFile, "key", "", "public key (PEM) that must have signed the checkpoints of --since (default the ledger's own)")
	choiceVar(flags, &output, "output", "how to print", "text", "json")
	return cmd
}

func printReport(w io.Writer, output string, r *check.Report) error {
	heads := make([]string, len(r.Heads))
	for i, h := range r.Heads {
		heads[i] = h.String()
	}
	problems := make([]string, len(r.Problems))
	for i, p := range r.Problems {
		problems[i] = p.String()
	}
	if output == "json" {
		err := json.NewEncoder(w).Encode(map[string]any{
			"sound": r.Sound(), "calls": r.Calls, "facts": r.Facts, "heads": heads, "problems": problems, "more": r.More,
		})
		return errors.Join(err, soundness(r))
	}
	fmt.Fprintf(w, "%d calls and %d facts checked\n", r.Calls, r.Facts)
	for _, h := range heads {
		fmt.Fprintf(w, "head %s\n", h)
	}
	for _, p := range problems {
		fmt.Fprintln(w, p)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "and %d more\n", r.More)
	}
	if r.Sound() {
		fmt.Fprintln(w, "the ledger is sound")
	}
	return soundness(r)
}

func soundness(r *check.Report) error {
	if r.Sound() {
		return nil
	}
	return errors.New("the ledger is not sound")
}
