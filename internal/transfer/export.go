// Package transfer moves a whole ledger from one store to another, as lines of
// JSON, and tells whether two ledgers are equal.
//
// What moves is the truth and all that it does not tell: the calls with their ids,
// outcomes and hashes, the names by their ids, the tables with the ledger's secrets.
// So chains go on where they ended, heads that were kept stay provable, and a retry
// gets the same MeteringRecordId. Facts are not written out: which of them stand is
// marked at the calls that told them.
//
// The room streams: it holds a page of calls and the small tables, never a ledger.
// It knows no rule and no kind of store.
package transfer

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// ErrChanged is returned by Export if the ledger was written to meanwhile.
var ErrChanged = errors.New("the ledger was written to while it was exported; stop the services that use it, and export again")

// Progress is called now and then with the calls that are done, of about so many
// in all.
type Progress func(done, all uint64)

// progressEvery is how many calls pass between two reports of progress.
const progressEvery = 1000

type exporter struct {
	store store.Store
	out   *bufio.Writer
	sum   hash.Hash
	lines *json.Encoder
	counts
	heads []store.Head
	// first are the first calls of shards.
	first map[uint16]store.CallID
}

// counts are those of an export, with what tells of progress.
type counts struct {
	Counts
	all      uint64
	progress Progress
}

func (c *counts) call() {
	if c.Calls++; c.progress != nil && c.Calls%progressEvery == 0 {
		c.progress(c.Calls, c.all)
	}
}

// Export writes all of a store, which nobody may write to meanwhile.
func Export(ctx context.Context, s store.Store, w io.Writer, now time.Time, progress Progress) (Counts, error) {
	if err := store.Whole(ctx, s); err != nil {
		return Counts{}, err
	}
	e := &exporter{store: s, sum: sha256.New(), counts: counts{progress: progress}, first: map[uint16]store.CallID{}}
	e.out = bufio.NewWriterSize(w, writeBytes)
	e.lines = json.NewEncoder(io.MultiWriter(e.out, e.sum))
	e.lines.SetEscapeHTML(false)
	if err := e.export(ctx, now); err != nil {
		return e.Counts, fmt.Errorf("exporting the ledger: %w", err)
	}
	return e.Counts, nil
}

func (e *exporter) export(ctx context.Context, now time.Time) (err error) {
	if e.heads, err = e.store.Heads(ctx); err != nil {
		return err
	}
	begin := &ledgerLine{Format: format, Time: now.UTC(), Heads: []string{}}
	for _, head := range e.heads {
		begin.Heads = append(begin.Heads, head.String())
		e.all += head.Call.Seq()
	}
	err = e.lines.Encode(line{Ledger: begin})
	for _, part := range []func(context.Context) error{e.calls, e.orphans, e.names, e.rows, e.unchanged} {
		if err == nil {
			err = part(ctx)
		}
	}
	if err != nil {
		return err
	}
	if err := e.lines.Encode(line{End: &endLine{e.Counts, sumOf(e.sum)}}); err != nil {
		return err
	}
	return e.out.Flush()
}

func (e *exporter) calls(ctx context.Context) error {
	var told, outcomes []byte
	for c, err := range e.store.ScanCalls(ctx, 0) {
		if err != nil {
			return err
		}
		if e.first[c.ID.Shard()] == 0 {
			e.first[c.ID.Shard()] = c.ID
			e.all -= min(e.all, c.ID.Seq()-1)
		}
		outcomes = outcomes[:0]
		for i := range c.Facts {
			letter, err := e.letter(ctx, &c, i)
			if err != nil {
				return err
			}
			outcomes = append(outcomes, letter)
		}
		told = store.AppendTold(told[:0], &store.Request{At: c.At, Guarded: c.Guarded, Call: c.Entry, Facts: c.Facts})
		err = e.lines.Encode(line{Call: &callLine{callID(c.ID), link(c.Hash), string(outcomes), told}})
		if err != nil {
			return err
		}
		e.call()
	}
	return nil
}

// letter is the outcome of a call's fact. A created fact may not stand any more:
// because it has ended and was told anew, or because its hour was dropped.
func (e *exporter) letter(ctx context.Context, c *store.Call, i int) (byte, error) {
	if c.Outcomes[i] != store.Created {
		return outcomeLetters[c.Outcomes[i]], nil
	}
	standing, ok, err := e.store.Lookup(ctx, c.Facts[i].Key)
	if err != nil {
		return 0, err
	}
	if !ok || standing.Call != c.ID || createdAgain(c, i) {
		return outcomeLetters[store.Created], nil
	}
	e.Facts++
	return stands, nil
}

// createdAgain reports whether the same call created the fact once more: it had
// ended when it was told.
func createdAgain(c *store.Call, i int) bool {
	for k := i + 1; k < len(c.Facts); k++ {
		if c.Outcomes[k] == store.Created && c.Facts[k].Key == c.Facts[i].Key {
			return true
		}
	}
	return false
}

// orphans writes facts whose calls are not in the log any more. There are none of
// usage: those are dropped before.
func (e *exporter) orphans(ctx context.Context) error {
	whole := true
	for _, id := range e.first {
		whole = whole && id.Seq() == 1
	}
	if whole {
		return nil
	}
	for kind := store.Kind('A'); kind <= 'Z'; kind++ {
		for f, err := range e.store.Scan(ctx, store.Range{Kind: kind, ToHour: ^store.Hour(0)}) {
			if err != nil {
				return err
			}
			if f.Call >= e.first[f.Call.Shard()] {
				continue
			}
			told := store.AppendTold(nil, &store.Request{Facts: []store.Fact{f}})
			if err := e.lines.Encode(line{Fact: &factLine{callID(f.Call), told}}); err != nil {
				return err
			}
			e.Facts++
		}
	}
	return nil
}

// names writes all names: their ids have no gaps.
func (e *exporter) names(ctx context.Context) error {
	for id := store.NameID(1); id != 0; id++ {
		name, ok, err := e.store.Name(ctx, id)
		if err != nil || !ok {
			return err
		}
		if err := e.lines.Encode(line{Name: &nameLine{id, text(name)}}); err != nil {
			return err
		}
		e.Names++
	}
	return nil
}

func (e *exporter) rows(ctx context.Context) error {
	rows, err := rowsOf(ctx, e.store)
	for _, row := range rows {
		if err == nil {
			err = e.lines.Encode(line{Row: &rowLine{row.Table, text(row.Key), row.Value}})
		}
		e.Rows++
	}
	return err
}

// unchanged checks that the heads are where they were.
func (e *exporter) unchanged(ctx context.Context) error {
	heads, err := e.store.Heads(ctx)
	if err == nil && !slices.Equal(heads, e.heads) {
		err = ErrChanged
	}
	return err
}

// rowsOf reads the rows of all tables that have a value, in one order for all
// stores. One without a value was removed.
func rowsOf(ctx context.Context, s store.Store) (rows []store.Row, err error) {
	for row, err := range s.Rows(ctx, store.AllTables) {
		if err != nil {
			return nil, err
		}
		if len(row.Value) > 0 {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, compareRows)
	return rows, nil
}
