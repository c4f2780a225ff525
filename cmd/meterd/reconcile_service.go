package main

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/reconcile"
)

// serviceLedger is where the service's ledger is.
type serviceLedger struct {
	client adminClient
	data   string
	trails []string
}

func (s *serviceLedger) check() error {
	if s.data != "" && len(s.trails) > 0 {
		return usagef("--data and --cloudtrail are two ledgers; give one")
	}
	return nil
}

func (s *serviceLedger) read(ctx context.Context) (entries []reconcile.Entry, err error) {
	switch {
	case len(s.trails) > 0:
		return readTrails(s.trails)
	case s.data == "":
		return recordEntries(s.client.records(ctx, admin.RecordQuery{}))
	}
	err = withLedger(ctx, s.data, func(l *ledger.Ledger) error {
		records, err := admin.Records(ctx, l, admin.RecordQuery{})
		if err != nil {
			return err
		}
		entries, err = recordEntries(records)
		return err
	})
	return entries, err
}

// recordEntries reads records of a meterd: all of them were accepted.
func recordEntries(records iter.Seq2[admin.Record, error]) (entries []reconcile.Entry, err error) {
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		entries = append(entries, reconcile.Entry{
			Product: string(r.Product), Buyer: reconcile.Buyer{Identifier: string(r.Customer), Account: string(r.Buyer), License: string(r.License)},
			Dimension: string(r.Dimension), Time: r.Timestamp, Quantity: r.Quantity, State: reconcile.Accepted, ID: r.ID,
		})
	}
	return entries, nil
}

// readTrails reads files of CloudTrail, and those in directories and below.
func readTrails(paths []string) (entries []reconcile.Entry, err error) {
	for _, path := range paths {
		found := 0
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			isTrail := strings.HasSuffix(file, ".json") || strings.HasSuffix(file, ".json.gz") || file == path
			if err != nil || d.IsDir() || !isTrail {
				return err
			}
			found++
			list, err := readTrail(file)
			entries = append(entries, list...)
			return err
		})
		if err != nil {
			return nil, err
		}
		if found == 0 {
			return nil, fmt.Errorf("%s has no files that end in .json or .json.gz", path)
		}
	}
	return entries, nil
}

func readTrail(file string) ([]reconcile.Entry, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := reconcile.CloudTrail(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return entries, nil
}
