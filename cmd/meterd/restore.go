package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/backup"
	"github.com/meterd/meterd/internal/check"
	"github.com/meterd/meterd/internal/checkpoint"
	"github.com/meterd/meterd/internal/store/pebblestore"
)

func newRestore() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "restore FILE --data DIR",
		Short: "Make a data directory of a backup, and prove it",
		Long: `restore unpacks what 'meterd backup' wrote into a data directory that is empty or not
there, and proves it as 'meterd check' does: that the ledger is sound, and that it
reaches the checkpoint that was signed when the backup began. A backup that was cut off
or changed is refused, and the file in it that shows it is named; nothing is left then.
'-' reads from stdin.

The admin surface's token is not in a backup; the service makes a new one.`,
		Example: `  meterd restore /backup/2026-11-22.tar --data /var/lib/meterd
  zstd -dc meterd.tar.zst | meterd restore - --data /var/lib/meterd`,
		GroupID: groupOperator,
		Args:    takes("FILE"),
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			if data == "" {
				return usagef("--data is missing: the data directory to make")
			}
			in := cmd.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("opening the backup: %w", err)
				}
				defer f.Close()
				in = f
			}
			report, err := restore(cmd.Context(), in, data, cmd.ErrOrStderr())
			if err != nil {
				return fmt.Errorf("restoring into %s: %w", data, err)
			}
			return printReport(cmd.OutOrStdout(), "text", report)
		}),
	}
	cmd.Flags().StringVar(&data, "data", "", "data directory to make")
	return cmd
}

// restore makes a data directory. The ledger gets its name only when it is proven,
// so that nobody takes what is there before for one.
func restore(ctx context.Context, in io.Reader, data string, stderr io.Writer) (report *check.Report, err error) {
	if err := checkEmpty(data); err != nil {
		return nil, err
	}
	if err := makeDataDir(data); err != nil {
		return nil, err
	}
	dir := restoringDir(data)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	show, end := watch(stderr, "bytes")
	manifest, err := backup.Unpack(in, dir, show)
	end()
	if err == nil {
		report, err = prove(ctx, dir, manifest, stderr)
	}
	if err == nil {
		err = os.Rename(dir, ledgerDir(data))
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return report, backup.SyncDir(data)
}

// checkEmpty refuses a directory with something in it, but for what a fresh file
// system has.
func checkEmpty(data string) error {
	entries, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != "lost+found" {
			return fmt.Errorf("the directory is not empty: it has %s; a backup is restored into an empty one", entry.Name())
		}
	}
	return nil
}

// prove checks a ledger that was unpacked, and that it reaches the checkpoint of
// its backup.
func prove(ctx context.Context, dir string, manifest *backup.Manifest, stderr io.Writer) (*check.Report, error) {
	signed, err := checkpoint.Parse([]byte(manifest.Checkpoint))
	if err != nil {
		return nil, fmt.Errorf("reading the backup's checkpoint: %w", err)
	}
	s, err := pebblestore.Open(dir, pebblestore.Config{})
	if err != nil {
		return nil, err
	}
	kept := kept{heads: signed.Heads, checkpoints: map[string]*checkpoint.Checkpoint{"the backup": signed}}
	err = kept.verify(ctx, s)
	var report *check.Report
	if err == nil {
		report, err = checkStore(ctx, s, kept.heads, stderr)
	}
	if err == nil && !report.Sound() {
		err = fmt.Errorf("the ledger in the backup is not sound: %s", report.Problems[0])
	}
	return report, errors.Join(err, s.Close())
}
