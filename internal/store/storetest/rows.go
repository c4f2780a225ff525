package storetest

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"sync"

	"github.com/meterd/meterd/internal/store"
)

// row is a row at the version that stands.
func row(table store.Table, key, value string, version uint64) store.Row {
	return store.Row{Table: table, Key: key, Value: []byte(value), Version: version}
}

// refuses checks that a Put meets another version.
func (f *fixture) refuses(rows ...store.Row) {
	f.Helper()
	if err := f.store.Put(f.ctx, rows); !errors.Is(err, store.ErrVersion) {
		f.Errorf("putting %+v: %v, want ErrVersion", rows, err)
	}
}

func testRowVersions(f *fixture) {
	f.must(f.store.Put(f.ctx, nil))
	f.equal("rows of an empty table", nil, anyOf(f.rows("agreements")))
	f.refuses(row("agreements", "a", "too new", 1))

	f.must(f.store.Put(f.ctx, []store.Row{row("agreements", "a", "one", 0)}))
	f.equal("created", []store.Row{row("agreements", "a", "one", 1)}, f.rows("agreements"))
	f.refuses(row("agreements", "a", "again", 0))
	f.refuses(row("agreements", "a", "too new", 2))

	f.must(f.store.Put(f.ctx, []store.Row{row("agreements", "a", "", 1)}))
	f.equal("changed", []store.Row{row("agreements", "a", "", 2)}, f.rows("agreements"))
	f.refuses(row("agreements", "a", "late", 1))

	// Another table is another row, also where names run into each other.
	f.must(f.store.Put(f.ctx, []store.Row{row("agreement", "sa", "other", 0), row("", "", "empty", 0)}))
	f.equal("a table", []store.Row{row("agreements", "a", "", 2)}, f.rows("agreements"))
	f.equal("a table", []store.Row{row("agreement", "sa", "other", 1)}, f.rows("agreement"))
	f.equal("a table", []store.Row{row("", "", "empty", 1)}, f.rows(""))
}

func testRowsAllOrNone(f *fixture) {
	f.must(f.store.Put(f.ctx, []store.Row{row("t", "a", "1", 0), row("t", "b", "1", 0)}))
	before := f.rows("t")
	f.refuses(row("t", "a", "2", 1), row("u", "new", "2", 0), row("t", "b", "2", 0))
	f.refuses(row("t", "b", "2", 7), row("t", "a", "2", 1))
	f.equal("rows after a refused Put", before, f.rows("t"))
	f.equal("rows of another table", nil, anyOf(f.rows("u")))

	f.must(f.store.Put(f.ctx, []store.Row{row("t", "a", "2", 1), row("u", "new", "2", 0), row("t", "b", "2", 1)}))
	f.equal("rows", []store.Row{row("t", "a", "2", 2), row("t", "b", "2", 2)}, f.rows("t"))
	f.equal("rows", []store.Row{row("u", "new", "2", 1)}, f.rows("u"))
}

func testRowTwice(f *fixture) {
	f.refuses(row("t", "a", "1", 0), row("t", "a", "2", 0))
	f.equal("rows", nil, anyOf(f.rows("t")))
	f.must(f.store.Put(f.ctx, []store.Row{row("t", "a", "1", 0), row("t", "a", "2", 1)}))
	f.equal("rows", []store.Row{row("t", "a", "2", 2)}, f.rows("t"))
}

func testRowOrder(f *fixture) {
	ascending := []string{"", "\x00", "\x00a", "A", "a", "a\x00", "aa", "b", "\xc3\xbc", "\xff", "\xff\xff"}
	for i := range ascending {
		// Steps of seven visit all eleven, out of order.
		f.must(f.store.Put(f.ctx, []store.Row{row("t", ascending[i*7%len(ascending)], "v", 0)}))
	}
	var got []string
	for _, r := range f.rows("t") {
		got = append(got, r.Key)
	}
	f.equal("keys", ascending, got)
	for range f.store.Rows(f.ctx, "t") {
		break
	}
	if !f.subject.Volatile {
		before := f.rows("t")
		f.reopen()
		f.equal("rows after a reopening", before, f.rows("t"))
	}
}

func testRowBuffers(f *fixture) {
	rows := []store.Row{row("t", "a", "value", 0)}
	f.must(f.store.Put(f.ctx, rows))
	f.equal("the caller's rows", []store.Row{row("t", "a", "value", 0)}, rows)
	scribble(rows[0].Value)
	scribble(f.rows("t")[0].Value)
	f.equal("rows", []store.Row{row("t", "a", "value", 1)}, f.rows("t"))
}

// testRowsConcurrent counts up one row from many sides: no step is lost.
func testRowsConcurrent(f *fixture) {
	const workers, steps = 6, 10
	step := func() error {
		for {
			next := row("t", "counter", "1", 0)
			for standing, err := range f.store.Rows(f.ctx, "t") {
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(string(standing.Value))
				if err != nil {
					return err
				}
				next = row("t", "counter", strconv.Itoa(n+1), standing.Version)
			}
			if err := f.store.Put(f.ctx, []store.Row{next}); !errors.Is(err, store.ErrVersion) {
				return err
			}
		}
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range steps {
				if err := step(); err != nil {
					f.Errorf("counting: %v", err)
				}
			}
		})
	}
	wg.Wait()
	f.equal("the counter", []store.Row{row("t", "counter", "60", workers*steps)}, f.rows("t"))
}

func testRowsOfAllTables(f *fixture) {
	f.equal("rows of a new store", nil, anyOf(f.rows(store.AllTables)))
	rows := []store.Row{row("a", "1", "x", 0), row("a", "2", "y", 0), row("a long name", "1", "z", 0), row("b", "", "", 0)}
	f.must(f.store.Put(f.ctx, rows))
	for i := range rows {
		rows[i].Version = 1
	}
	got := f.rows(store.AllTables)
	slices.SortStableFunc(got, func(a, b store.Row) int { return cmp.Compare(a.Table, b.Table) })
	f.equal("rows of all tables", rows, got)
	f.equal("rows of one", rows[:2], f.rows("a"))
}
