package storetest

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/meterd/meterd/internal/store"
)

// intern interns names and checks that each id leads back to its name.
func (f *fixture) intern(names ...string) []store.NameID {
	f.Helper()
	ids := make([]store.NameID, len(names))
	f.must(f.store.Intern(f.ctx, names, ids))
	for i, id := range ids {
		name, ok, err := f.store.Name(f.ctx, id)
		f.must(err)
		if id == 0 || !ok || name != names[i] {
			f.Fatalf("the id of %.40q is %d, which stands for %.40q (%t)", names[i], id, name, ok)
		}
	}
	return ids
}

func testNames(f *fixture) {
	f.intern()
	ab := f.intern("a", "b")
	f.equal("the same names", []store.NameID{ab[1], ab[0], ab[1]}, f.intern("b", "a", "b"))

	// A new name may occur twice in one call, among old ones.
	more := f.intern("c", "a", "c", "d", "d")
	f.equal("a name twice", []store.NameID{more[0], ab[0], more[0], more[3], more[3]}, more)
	distinct := map[store.NameID]bool{ab[0]: true, ab[1]: true, more[0]: true, more[3]: true}
	f.equal("number of distinct ids", 4, len(distinct))

	for _, id := range []store.NameID{0, 1 << 31, 1<<32 - 1} {
		if name, ok, err := f.store.Name(f.ctx, id); ok || err != nil {
			f.Errorf("an id that stands for nothing stands for %q (%v)", name, err)
		}
	}
	if !f.subject.Volatile {
		f.reopen()
		f.equal("names after a reopening", ab, f.intern("a", "b"))
		next := f.intern("e")
		if distinct[next[0]] {
			f.Errorf("a new name got the id %d that stands for another", next[0])
		}
	}
}

func testOddNames(f *fixture) {
	names := []string{
		"", " ", "\x00", "\x00\x00", "a\x00", "a", "\xff\xfe", "\xed\xa0\x80", "ü", "u\u0308", "A",
		strings.Repeat("x", 1<<16), strings.Repeat("x", 1<<16+1),
	}
	ids := f.intern(names...)
	distinct := map[store.NameID]bool{}
	for _, id := range ids {
		distinct[id] = true
	}
	f.equal("number of distinct ids", len(names), len(distinct))
	f.equal("the same names", ids, f.intern(names...))
	if !f.subject.Volatile {
		f.reopen()
		f.equal("names after a reopening", ids, f.intern(names...))
	}
}

// testNamesConcurrent: everybody gets the same id for the same name, and
// nobody the same id for different ones.
func testNamesConcurrent(f *fixture) {
	const workers, rounds = 8, 20
	got := make([]map[string]store.NameID, workers)
	var wg sync.WaitGroup
	for w := range workers {
		got[w] = map[string]store.NameID{}
		wg.Go(func() {
			for i := range rounds {
				names := []string{
					fmt.Sprintf("shared-%d", i),
					fmt.Sprintf("own-%d-%d", w, i),
					fmt.Sprintf("shared-%d", (i+w)%rounds),
				}
				ids := make([]store.NameID, len(names))
				if err := f.store.Intern(f.ctx, names, ids); err != nil {
					f.Errorf("interning: %v", err)
					return
				}
				for j, name := range names {
					got[w][name] = ids[j]
				}
			}
		})
	}
	wg.Wait()

	ids, names := map[string]store.NameID{}, map[store.NameID]string{}
	for w := range workers {
		for name, id := range got[w] {
			if other, ok := ids[name]; ok && other != id {
				f.Errorf("%q has the ids %d and %d", name, id, other)
			}
			if other, ok := names[id]; ok && other != name {
				f.Errorf("the id %d stands for %q and %q", id, name, other)
			}
			ids[name], names[id] = id, name
		}
	}
	f.equal("number of names", rounds+workers*rounds, len(ids))
}

// testNameBuffers: a decoder's strings may lie in a buffer that it uses again.
func testNameBuffers(f *fixture) {
	buf := []byte("prod-123")
	id := make([]store.NameID, 1)
	f.must(f.store.Intern(f.ctx, []string{unsafe.String(&buf[0], len(buf))}, id))
	scribble(buf)
	name, ok, err := f.store.Name(f.ctx, id[0])
	f.must(err)
	if !ok || name != "prod-123" {
		f.Errorf("a name changed with its buffer to %q (%t)", name, ok)
	}
	f.equal("the same name", id, f.intern("prod-123"))
}
