package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/backup"
	"github.com/meterd/meterd/internal/ledger"
)

func newBackup() *cobra.Command {
	var (
		client    adminClient
		at        place
		storeName string
	)
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the ledger into one file, while the service goes on",
		Long: `backup has the running service write its ledger, as it stands now, into a file, while
it goes on metering; or, with --data, copies the ledger of one that does not run. The
file is a tar with a manifest; it appears under its name only when it is whole and was
verified. '-' writes to stdout.

The file holds the ledger's secrets: keep it as you keep the ledger. 'meterd restore'
makes a data directory of it. A ledger in PostgreSQL is backed up by the database's own
means.`,
		Example: `  meterd backup /backup/2026-11-22.tar
  meterd backup - | zstd | ssh backup 'cat > meterd.tar.zst'
  meterd backup --data /var/lib/meterd /backup/2026-11-22.tar`,
		GroupID: groupOperator,
		Args:    takes("FILE"),
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			if storeName != "" {
				return usagef("--store: %s", admin.NoBackup)
			}
			show, end := watch(cmd.ErrOrStderr(), "bytes")
			manifest, err := writeBackup(args[0], cmd.OutOrStdout(), func(w io.Writer) (*backup.Manifest, error) {
				if at.data != "" {
					return backupData(cmd.Context(), at, w, show)
				}
				return fetchBackup(cmd.Context(), &client, w, show)
			})
			end()
			if err == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "backed up %d files, %d bytes\n", manifest.Title.Files, manifest.Title.Bytes)
			}
			return err
		}),
	}
	flags := cmd.Flags()
	client.addFlags(flags)
	flags.StringVar(&at.data, "data", "", "data directory to copy instead of asking a service")
	flags.StringVar(&storeName, "store", "", "not for backups: use the database's own means")
	_ = flags.MarkHidden("store") // it is there
	return cmd
}

// writeBackup has a file written under another name, and renames it when it is
// whole and durable.
func writeBackup(name string, stdout io.Writer, write func(io.Writer) (*backup.Manifest, error)) (*backup.Manifest, error) {
	if name == "-" {
		return write(stdout)
	}
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already; a backup is never written over", name)
	}
	partial := name + ".partial"
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the backup's file: %w", err)
	}
	manifest, err := write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(partial, name)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(partial))
	}
	return manifest, backup.SyncDir(filepath.Dir(name))
}

// fetchBackup has a running service make a backup, which is verified as it passes.
func fetchBackup(ctx context.Context, client *adminClient, w io.Writer, progress backup.Progress) (*backup.Manifest, error) {
	answer, err := client.send(ctx, http.MethodGet, "backup", nil, nil, "")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return backup.Verify(io.TeeReader(answer.Body, w), progress)
}

// backupData makes a backup of a data directory that no service has open.
func backupData(ctx context.Context, at place, w io.Writer, progress backup.Progress) (manifest *backup.Manifest, err error) {
	err = withLedgerAt(ctx, at, func(l *ledger.Ledger) error {
		read, write := io.Pipe()
		written := make(chan error, 1)
		go func() {
			err := backup.Write(ctx, l, scratchDir(at.data), readVersion().Version, time.Now(), func() {}, write, nil)
			write.CloseWithError(err)
			written <- err
		}()
		var err error
		manifest, err = backup.Verify(io.TeeReader(read, w), progress)
		read.CloseWithError(err) // ends the writer, if it has not ended
		return cmp.Or(<-written, err)
	})
	return manifest, err
}
