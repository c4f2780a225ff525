package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/check"
	"github.com/meterd/meterd/internal/store"
)

func newCheck() *cobra.Command {
	var (
		at                place
		storeName, output string
		since             []string
	)
	cmd := &cobra.Command{
		Use:   "check (--data DIR | --store postgres://…)",
		Short: "Prove a ledger sound, or name what is not",
		Long: `check re-derives a ledger from its log of calls: that the chain of hashes is
whole, that every fact stands as the call told it that created it, that every
outcome follows, that entries, facts and names agree, and that nothing stands beside
the log; and it compares every byte of the tables with its checksum. It prints the head of the chain. Who keeps that head can have a later check
prove with --since that history was only appended to.

No service that uses the ledger may be running. Exit code 1: the ledger is not
sound, or could not be read.`,
		Example: `  meterd check --data /var/lib/meterd
  meterd check --data /var/lib/meterd --since 1042:5d1f…
  meterd check --store postgres://meterd@db1/meterd`,
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if at.data == "" && !isPostgres(storeName) {
				return usagef("--data is missing: the data directory to check; or --store postgres://…")
			}
			if err := at.check(storeName); err != nil {
				return err
			}
			heads, err := parseHeads(since)
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), at, func(s store.Store) error {
				report, err := check.Ledger(cmd.Context(), s, check.Options{Since: heads})
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
	flags.StringSliceVar(&since, "since", nil, "head that an earlier check printed, as CALL:HASH; may be repeated")
	choiceVar(flags, &output, "output", "how to print", "text", "json")
	return cmd
}

// parseHeads reads heads as headText writes them.
func parseHeads(texts []string) ([]store.Head, error) {
	heads := make([]store.Head, len(texts))
	for i, text := range texts {
		call, hash, _ := strings.Cut(text, ":")
		shard, seq, sharded := strings.Cut(call, "/")
		if !sharded {
			shard, seq = "0", call
		}
		shardNumber, shardErr := strconv.ParseUint(shard, 10, 16)
		seqNumber, seqErr := strconv.ParseUint(seq, 10, 48)
		bytes, hashErr := hex.DecodeString(hash)
		if errors.Join(shardErr, seqErr, hashErr) != nil || len(bytes) != len(heads[i].Hash) {
			return nil, usagef("--since %q is not a head such as 1042:5d1f… with 64 hex digits, which `meterd check` prints", text)
		}
		heads[i].Call = store.NewCallID(uint16(shardNumber), seqNumber)
		copy(heads[i].Hash[:], bytes)
	}
	return heads, nil
}

func headText(h store.Head) string {
	return check.CallText(h.Call) + ":" + hex.EncodeToString(h.Hash[:])
}

func printReport(w io.Writer, output string, r *check.Report) error {
	heads := make([]string, len(r.Heads))
	for i, h := range r.Heads {
		heads[i] = headText(h)
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
