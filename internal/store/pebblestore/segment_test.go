package pebblestore

import (
	"testing"

	"github.com/meterd/meterd/internal/store"
)

// fill adds as many different facts.
func fill(sg *segment, facts int) {
	for n := range facts {
		f := testFact(n)
		f.Detail, f.Until, f.Timestamp = nil, 0, int64(f.Key.Hour)*hourMillis+int64(n)
		entry := appendEntry(nil, &f)
		sg.add(uint64(n)<<32, f.Key.Hour, 1, entry)
	}
}

// TestSegmentsDoNotGrow: the committer would be held up, with all who wait.
func TestSegmentsDoNotGrow(t *testing.T) {
	const facts = 20_000
	sg := newSegment(facts)
	slots, room := len(sg.slots), cap(sg.entries)
	fill(sg, facts)
	if len(sg.slots) != slots || cap(sg.entries) != room {
		t.Errorf("a segment for %d facts grew from %d slots and %d bytes to %d and %d", facts, slots, room, len(sg.slots), cap(sg.entries))
	}
}

// TestSegmentsAreUsedAgain, unless one is larger than others, as after a crash,
// or somebody looks at it.
func TestSegmentsAreUsedAgain(t *testing.T) {
	const facts = 100
	for name, test := range map[string]struct {
		facts  int
		viewed bool
		again  bool
	}{
		"usual":  {facts, false, true},
		"large":  {10 * facts, false, false},
		"viewed": {facts, true, false},
	} {
		b := newBacklog(facts)
		first := b.active
		fill(first, test.facts)
		if test.viewed {
			if _, err := b.view(func() error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		b.seal(store.Head{Call: 1})
		b.leave()
		if again := b.spare == first; again != test.again {
			t.Errorf("%s: used again is %t", name, again)
		}
		if b.spare != nil && (b.spare.facts != 0 || b.spare.used != 0 || len(b.spare.entries) != 0) {
			t.Errorf("%s: the next segment has %d facts", name, b.spare.facts)
		}
	}
}
