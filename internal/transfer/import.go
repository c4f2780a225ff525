package transfer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

var (
	// ErrOccupied is returned by Import for a store that holds something.
	ErrOccupied = errors.New("there is a ledger already; a ledger is imported into an empty place")
	// ErrCut is returned by Import for an export without its end.
	ErrCut = errors.New("the export ends before its last line: it was cut off")
	// ErrAltered is returned by Import for an export that is not as it was
	// written.
	ErrAltered = errors.New("the export is not as it was written: its last line has another SHA-256")
)

type importer struct {
	store store.Store
	in    *bufio.Reader
	sum   hash.Hash
	counts

	// last is the newest call of each shard.
	last map[uint16]store.Head
	// What follows waits to be written.
	calls []store.Call
	facts []store.Fact
	names []string
	rows  []store.Row
	bytes int
}

// Import fills an empty store with an export. Until it returns nil the store is
// marked as half a ledger, which store.Whole refuses. prove is called when all is
// there, before that mark is taken away.
func Import(ctx context.Context, s store.Store, r io.Reader, progress Progress, prove func(context.Context) error) (Counts, error) {
	if err := empty(ctx, s); err != nil {
		return Counts{}, err
	}
	mark := store.Row{Table: store.TableLedger, Key: store.KeyImporting, Value: []byte("1")}
	if err := s.Put(ctx, []store.Row{mark}); err != nil {
		return Counts{}, fmt.Errorf("marking the ledger as half: %w", err)
	}
	m := &importer{store: s, in: bufio.NewReaderSize(r, writeBytes), sum: sha256.New(), counts: counts{progress: progress}, last: map[uint16]store.Head{}}
	if err := m.lines(ctx); err != nil {
		return m.Counts, fmt.Errorf("importing the ledger: %w", err)
	}
	if err := prove(ctx); err != nil {
		return m.Counts, err
	}
	mark.Value, mark.Version = nil, 1
	if err := s.Put(ctx, []store.Row{mark}); err != nil {
		return m.Counts, fmt.Errorf("marking the ledger as whole: %w", err)
	}
	return m.Counts, nil
}

// empty refuses a store that holds anything.
func empty(ctx context.Context, s store.Store) error {
	if err := store.Whole(ctx, s); err != nil {
		return err
	}
	heads, err := s.Heads(ctx)
	if err != nil {
		return fmt.Errorf("looking whether the place is empty: %w", err)
	}
	_, named, err := s.Name(ctx, 1)
	if err != nil {
		return fmt.Errorf("looking whether the place is empty: %w", err)
	}
	rows, err := rowsOf(ctx, s)
	if err != nil {
		return fmt.Errorf("looking whether the place is empty: %w", err)
	}
	if len(heads) > 0 || named || len(rows) > 0 {
		return ErrOccupied
	}
	return nil
}

// lines reads all lines.
func (m *importer) lines(ctx context.Context) error {
	for number := 1; ; number++ {
		text, err := m.line()
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		var l line
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&l); err != nil {
			return fmt.Errorf("line %d is not as 'meterd export' writes it: %w", number, err)
		}
		if (l.Ledger != nil) != (number == 1) {
			return fmt.Errorf("line %d: an export begins with a line {\"ledger\": …}, and has one", number)
		}
		if l.End != nil {
			return m.end(ctx, l.End)
		}
		m.sum.Write(text)
		if err := m.take(ctx, l); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

// line reads the next line with its end.
func (m *importer) line() (text []byte, err error) {
	for {
		part, err := m.in.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == nil:
			return text, nil
		case err == io.EOF:
			return nil, ErrCut
		case err != bufio.ErrBufferFull:
			return nil, err
		case len(text) > lineBytesMax:
			return nil, fmt.Errorf("it is longer than %d bytes", lineBytesMax)
		}
	}
}

// take takes up a line, and writes what waits if that is enough.
func (m *importer) take(ctx context.Context, l line) (err error) {
	switch {
	case l.Ledger != nil:
		err = m.begin(l.Ledger)
	case l.Call != nil:
		err = m.takeCall(l.Call)
	case l.Fact != nil:
		err = m.takeFact(l.Fact)
	case l.Name != nil:
		m.Names++
		if l.Name.ID != store.NameID(m.Names) {
			return fmt.Errorf("name %d comes at place %d", l.Name.ID, m.Names)
		}
		m.names = append(m.names, string(l.Name.Name))
		m.bytes += len(l.Name.Name)
	case l.Row != nil:
		m.Rows++
		m.rows = append(m.rows, store.Row{Table: l.Row.Table, Key: string(l.Row.Key), Value: l.Row.Value})
		m.bytes += len(l.Row.Value)
	default:
		return errors.New("it says nothing")
	}
	if err == nil && (m.bytes >= pageBytes || len(m.calls) >= pageCalls || len(m.facts) >= 25*pageCalls || len(m.names)+len(m.rows) >= pageItems) {
		err = m.write(ctx)
	}
	return err
}

func (m *importer) begin(l *ledgerLine) error {
	if l.Format != format {
		return fmt.Errorf("the export has format %d, this meterd knows %d", l.Format, format)
	}
	for _, text := range l.Heads {
		head, err := store.ParseHead(text)
		if err != nil {
			return err
		}
		m.all += head.Call.Seq()
	}
	return nil
}

// takeCall takes up a call, which must follow the one before it in its shard.
func (m *importer) takeCall(l *callLine) error {
	c := store.Call{ID: store.CallID(l.ID), Hash: audit.Hash(l.Hash)}
	if err := store.ParseTold(l.Told, &c); err != nil {
		return fmt.Errorf("call %s: %w", c.ID, err)
	}
	if len(l.Outcomes) != len(c.Facts) {
		return fmt.Errorf("call %s tells %d facts and has %d outcomes", c.ID, len(c.Facts), len(l.Outcomes))
	}
	for i := range c.Facts {
		outcome, err := outcomeOf(l.Outcomes[i])
		if err != nil {
			return fmt.Errorf("call %s: %w", c.ID, err)
		}
		c.Outcomes = append(c.Outcomes, outcome)
		if l.Outcomes[i] == stands {
			m.facts = append(m.facts, c.Facts[i])
			m.Facts++
		}
	}
	last, ok := m.last[c.ID.Shard()]
	if c.ID.Seq() == 1 {
		last, ok = store.Head{Call: c.ID - 1, Hash: audit.Genesis}, true
	}
	// Where the calls before the first one were dropped, nobody can tell what
	// it comes behind; check knows the head that was kept.
	if ok && (c.ID != last.Call+1 || c.Link(last.Hash) != c.Hash) {
		return fmt.Errorf("call %s does not follow call %s: %w", c.ID, last.Call, ErrAltered)
	}
	m.last[c.ID.Shard()] = store.Head{Call: c.ID, Hash: c.Hash}
	m.calls = append(m.calls, c)
	m.bytes += len(l.Told)
	m.call()
	return nil
}

func (m *importer) takeFact(l *factLine) error {
	c := store.Call{ID: store.CallID(l.Call)}
	if err := store.ParseTold(l.Told, &c); err != nil || len(c.Facts) != 1 {
		return fmt.Errorf("a fact of call %s cannot be read: %w", c.ID, errors.Join(err, ErrAltered))
	}
	m.facts = append(m.facts, c.Facts[0])
	m.Facts++
	return nil
}

// write writes what waits.
func (m *importer) write(ctx context.Context) error {
	if len(m.calls)+len(m.facts) > 0 {
		if err := m.store.Load(ctx, m.calls, m.facts); err != nil {
			return err
		}
	}
	ids := make([]store.NameID, len(m.names))
	if err := m.store.Intern(ctx, m.names, ids); err != nil {
		return err
	}
	for i, id := range ids {
		if want := store.NameID(int(m.Names) - len(ids) + 1 + i); id != want {
			return fmt.Errorf("name %d got the id %d: the same name comes twice, or somebody else writes to this place", want, id)
		}
	}
	if len(m.rows) > 0 {
		if err := m.store.Put(ctx, m.rows); err != nil {
			return err
		}
	}
	// The store has kept none of it.
	m.calls, m.facts, m.names, m.rows, m.bytes = m.calls[:0], m.facts[:0], m.names[:0], m.rows[:0], 0
	return nil
}

// end writes the rest, and checks that nothing is missing.
func (m *importer) end(ctx context.Context, l *endLine) error {
	if l.SHA256 != sumOf(m.sum) || l.Counts != m.Counts {
		return ErrAltered
	}
	if _, err := m.in.ReadByte(); err != io.EOF {
		return errors.New("there is more behind the last line")
	}
	return m.write(ctx)
}
