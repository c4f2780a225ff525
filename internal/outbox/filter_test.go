package outbox

import (
	"fmt"
	"testing"
)

func filterID(i int) EventID { return EventID(fmt.Sprintf("event %d", i)) }

// TestFilter: what was added is always found, and of what was not, little is
// taken for it, however many layers there are.
func TestFilter(t *testing.T) {
	f := &filter{pool: newPool(1 << 30)}
	if f.has(hashOf(filterID(0))) {
		t.Error("an empty filter has something")
	}
	const ids = 600_000 // three layers
	for i := range ids {
		if !f.add(hashOf(filterID(i))) {
			t.Fatal("there is memory left")
		}
	}
	if len(f.layers) != 3 {
		t.Errorf("%d layers, want 3", len(f.layers))
	}
	for i := range ids {
		if !f.has(hashOf(filterID(i))) {
			t.Fatalf("id %d is missing", i)
		}
	}
	wrong := 0
	for i := range ids {
		if f.has(hashOf(filterID(ids + i))) {
			wrong++
		}
	}
	if wrong > ids/100 {
		t.Errorf("%d of %d ids are taken for others", wrong, ids)
	}
}

func TestFiltersShareTheirMemory(t *testing.T) {
	p := newPool(layerBytesMin + layerBytesMin - 1)
	f, g := &filter{pool: p}, &filter{pool: p}
	if !f.add(1) || g.add(1) {
		t.Fatal("there is memory for one layer")
	}
	if g.has(1) {
		t.Error("what could not be added is there")
	}
	f.release()
	if f.has(1) || !g.add(1) || !g.has(1) {
		t.Error("released memory cannot be used")
	}
	for i := range layerBytesMin/blockSize*idsPerBlock - 1 {
		if !g.add(uint64(i)) {
			t.Fatalf("the first layer takes only %d ids", i)
		}
	}
	if g.add(2) {
		t.Error("there is memory for a second layer")
	}
}

// TestFrontOfTheQueue: whoever has read the queue before something entered may
// not move the front past it.
func TestFrontOfTheQueue(t *testing.T) {
	var f front
	_, seen := f.get()
	f.advance([]byte("q5"), seen)
	if key, _ := f.get(); string(key) != "q5" {
		t.Errorf("the front is %q", key)
	}
	_, seen = f.get()
	f.enter([]byte("q3"))
	f.advance([]byte("q5"), seen)
	if key, _ := f.get(); string(key) != "q3" {
		t.Errorf("the front is %q, past what entered", key)
	}
	_, seen = f.get()
	f.enter([]byte("q7"))
	f.advance([]byte("q8"), seen)
	if key, _ := f.get(); string(key) != "q3" {
		t.Errorf("the front is %q", key)
	}
}
