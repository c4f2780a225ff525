package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/agent"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/reconcile"
	"github.com/meterd/meterd/internal/usagefile"
)

// ourLedger is where the seller's own ledger is; with the agent if nothing else
// is said.
type ourLedger struct {
	client  agentClient
	outbox  string
	results []string
}

func (o *ourLedger) check() error {
	if o.outbox != "" && len(o.results) > 0 {
		return usagef("--outbox and --import are two ledgers; give one")
	}
	return nil
}

func (o *ourLedger) read(ctx context.Context, stderr io.Writer) ([]reconcile.Entry, error) {
	switch {
	case o.outbox != "":
		return readOutbox(ctx, o.outbox)
	case len(o.results) == 0:
		return readAgent(ctx, &o.client)
	}
	var entries []reconcile.Entry
	for _, file := range o.results {
		list, left, err := readResults(file)
		if err != nil {
			return nil, err
		}
		if left > 0 {
			fmt.Fprintf(stderr, "meterd: %s of %s could not be read as usage, were refused by the import, and are not compared\n", count(left, "row"), file)
		}
		entries = append(entries, list...)
	}
	return entries, nil
}

// readOutbox reads the directory of an agent that does not run.
func readOutbox(ctx context.Context, dir string) (entries []reconcile.Entry, err error) {
	// Opening would make an outbox where none is.
	if files, err := os.ReadDir(dir); errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		return nil, fmt.Errorf("%s holds no outbox", dir)
	}
	o, err := outbox.Open(dir, outbox.Config{})
	if errors.Is(err, outbox.ErrLocked) {
		return nil, fmt.Errorf("an agent uses %s; stop it, or ask it (--agent-url)", dir)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	for r, err := range o.Records(ctx, outbox.Filter{}) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, reconcile.Entry{
			Product: string(r.Key.Product), Dimension: string(r.Key.Dimension), Time: r.Timestamp, Quantity: r.Quantity,
			Buyer: reconcile.Buyer{Identifier: string(r.Key.Customer.Identifier), Account: string(r.Key.Customer.Account), License: string(r.Key.Customer.License)},
			State: stateOf(r.Fate.State, r.Fate.Attempts, r.Fate.Cause), ID: r.Fate.MeteringRecordID, Reason: reasonOf(r.Fate.Cause, r.Fate.Detail),
		})
	}
	return entries, nil
}

// readAgent asks a running agent, which sends one record per line.
func readAgent(ctx context.Context, c *agentClient) ([]reconcile.Entry, error) {
	answer, err := c.send(ctx, http.MethodGet, "/v1/records", nil, admin.NDJSON)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var entries []reconcile.Entry
	for lines := json.NewDecoder(answer.Body); ; {
		var line struct {
			agent.Record
			Error string `json:"error"`
		}
		err := lines.Decode(&line)
		switch {
		case err == io.EOF:
			return entries, nil
		case err != nil:
			return nil, fmt.Errorf("reading the agent's records: %w", err)
		case line.Error != "":
			return nil, errors.New(line.Error)
		}
		entries = append(entries, reconcile.Entry{
			Product: string(line.Product), Dimension: string(line.Dimension), Time: line.Timestamp, Quantity: line.Quantity,
			Buyer: reconcile.Buyer{Identifier: string(line.Identifier), Account: string(line.Account), License: string(line.License)},
			State: stateOf(line.State, line.Attempts, line.Cause), ID: line.MeteringRecordID, Reason: reasonOf(line.Cause, line.Detail),
		})
	}
}

// stateOf is how far a record of an outbox came. One that was sent and then ran
// out of time may be stored.
func stateOf(state outbox.State, attempts int, cause outbox.Cause) reconcile.State {
	switch {
	case state == outbox.Done:
		return reconcile.Accepted
	case state == outbox.Discarded || state == outbox.Carried || state == outbox.Void:
		return reconcile.Withdrawn
	case attempts == 0:
		return reconcile.Planned
	case state == outbox.Dead && cause != outbox.CauseExpired:
		return reconcile.Refused
	}
	return reconcile.Sent
}

func reasonOf(cause outbox.Cause, detail string) string {
	return strings.TrimSuffix(strings.TrimPrefix(string(cause)+": "+detail, ": "), ": ")
}

// readResults reads the result file of an import. left is how many of its rows
// say no hour, dimension or quantity.
func readResults(file string) (entries []reconcile.Entry, left int, err error) {
	format := cmp.Or(usagefile.FormatOf(file), usagefile.CSV)
	results, err := usagefile.ReadResults(file, format)
	if err != nil {
		return nil, 0, err
	}
	sums := map[string]int{}
	for _, r := range results {
		if r.Timestamp == nil || r.Quantity == nil || r.Dimension == "" {
			left++
			continue
		}
		if i, ok := sums[r.Record]; ok && r.Record != "" {
			entries[i].Quantity += *r.Quantity // rows that were told as one record
			continue
		}
		sums[r.Record] = len(entries)
		entries = append(entries, reconcile.Entry{
			Product: r.Product, Buyer: reconcile.Buyer{Identifier: r.Customer, Account: r.Account, License: r.License},
			Dimension: r.Dimension, Time: *r.Timestamp, Quantity: *r.Quantity,
			State: verdictState(r.Verdict), ID: r.MeteringRecordID, Reason: r.Reason,
		})
	}
	return entries, left, nil
}

func verdictState(v usagefile.Verdict) reconcile.State {
	switch {
	case v.Accepted():
		return reconcile.Accepted
	case v == usagefile.Unknown:
		return reconcile.Sent
	case v.Open():
		return reconcile.Planned
	}
	return reconcile.Refused
}
