package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/check"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/transfer"
)

func newCheck() *cobra.Command {
	var (
		at                place
		storeName, output string
		since             []string
		keyFile, equal    string
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

--equal compares with another ledger, call by call, and names the first difference:
with the one that this was imported from, say.

No service that uses the ledger may be running. Exit code 1: the ledger is not
sound, or could not be read.`,
		Example: `  meterd check --data /var/lib/meterd
  meterd check --data /var/lib/meterd --since 1042:5d1f…
  meterd check --data /var/lib/meterd --since october.checkpoint --key ledger.pem
  meterd check --store postgres://meterd@db1/meterd
  meterd check --data new --equal /var/lib/meterd`,
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if err := at.checkKept(storeName); err != nil {
				return err
			}
			if err := checkOther(at.data, equal); err != nil {
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
				report, err := checkStore(cmd.Context(), s, kept.heads, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				if err := printReport(cmd.OutOrStdout(), output, report); err != nil || equal == "" {
					return err
				}
				return checkEqual(cmd.Context(), s, equal, cmd.ErrOrStderr())
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&at.data, "data", "", "data directory to check")
	flags.StringVar(&storeName, "store", "", "URL of the PostgreSQL database to check")
	flags.StringSliceVar(&since, "since", nil, "head that an earlier check printed, as CALL:HASH, or file with a checkpoint; may be repeated")
	flags.StringVar(&keyFile, "key", "", "public key (PEM) that must have signed the checkpoints of --since (default the ledger's own)")
	flags.StringVar(&equal, "equal", "", "data directory or URL of the PostgreSQL database of a ledger that must be the same")
	choiceVar(flags, &output, "output", "how to print", "text", "json")
	return cmd
}

// checkStore checks a store that is whole, and shows how far it is.
func checkStore(ctx context.Context, s store.Store, since []store.Head, stderr io.Writer) (*check.Report, error) {
	if err := store.Whole(ctx, s); err != nil {
		return nil, err
	}
	heads, err := s.Heads(ctx)
	if err != nil {
		return nil, err
	}
	all := uint64(0)
	for _, head := range heads {
		all += head.Call.Seq()
	}
	show, end := watch(stderr, "calls checked")
	defer end()
	return check.Ledger(ctx, s, check.Options{Since: since, Progress: func(calls uint64) { show(calls, all) }})
}

// checkOther refuses to compare a directory with itself, which proves nothing.
func checkOther(data, equal string) error {
	one, err := os.Stat(data)
	if err != nil {
		return nil
	}
	if other, err := os.Stat(equal); err == nil && os.SameFile(one, other) {
		return usagef("--equal %s is the directory that is checked; name the other ledger", equal)
	}
	return nil
}

// checkEqual compares a store with that of another place.
func checkEqual(ctx context.Context, s store.Store, where string, stderr io.Writer) error {
	other := place{data: where}
	if isPostgres(where) {
		other = place{database: where}
	}
	return withStore(ctx, other, func(theirs store.Store) error {
		if err := store.Whole(ctx, theirs); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		show, end := watch(stderr, "calls compared")
		difference, err := transfer.Equal(ctx, s, theirs, show)
		end()
		if err == nil && difference != "" {
			err = fmt.Errorf("the two ledgers are not equal: %s", difference)
		}
		return err
	})
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
			"sound": r.Sound(), "calls": r.Calls, "facts": r.Facts, "heads": heads, "problems": problems, "more": r.More, "recordsFrom": recordsFrom(r),
		})
		return errors.Join(err, soundness(r))
	}
	fmt.Fprintf(w, "%d calls and %d facts checked\n", r.Calls, r.Facts)
	if r.Cut.Hour > 0 {
		fmt.Fprintf(w, "records before %s were dropped by retention; of them only the sums of months can be checked\n", r.Cut.Time().Format(time.RFC3339))
	}
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

// recordsFrom is the time of the first hour of which records are kept; null if
// none were dropped.
func recordsFrom(r *check.Report) *time.Time {
	if r.Cut.Hour == 0 {
		return nil
	}
	return new(r.Cut.Time())
}

func soundness(r *check.Report) error {
	if r.Sound() {
		return nil
	}
	return errors.New("the ledger is not sound")
}
