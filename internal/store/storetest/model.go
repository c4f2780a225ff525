package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/store"
)

const (
	// modelSeeds are the runs of the model test; a seed is in its test's name.
	modelSeeds = 4
	// modelSteps is the length of a run.
	modelSteps = 200
)

// model is a store as one would write it on a napkin.
type model struct {
	facts map[store.Key]store.Fact
	calls []store.Call
	names map[string]store.NameID
	rows  map[string]store.Row
}

// decide tells a fact to a map of facts.
func decide(facts map[store.Key]store.Fact, fact store.Fact, at int64, call store.CallID) store.Decision {
	f, ok := facts[fact.Key]
	switch {
	case !ok || f.Until != 0 && f.Until <= at:
		facts[fact.Key] = told(fact, call)
		return store.Decision{Outcome: created, Quantity: fact.Quantity, Call: call}
	case f.Quantity == fact.Quantity && bytes.Equal(f.Detail, fact.Detail):
		return store.Decision{Outcome: same, Quantity: f.Quantity, Call: f.Call}
	}
	return store.Decision{Outcome: conflict, Quantity: f.Quantity, Call: f.Call}
}

// decideAll tells the facts of a call to a map of facts.
func decideAll(facts map[store.Key]store.Fact, call *store.Call) []store.Decision {
	var all []store.Decision
	for i, fact := range call.Facts {
		if i > 0 && call.Guarded && all[0].Outcome == conflict {
			all = append(all, store.Decision{Outcome: skipped})
			continue
		}
		all = append(all, decide(facts, fact, call.At, call.ID))
	}
	return all
}

// sorted returns the facts of a kind in key order.
func sorted(facts map[store.Key]store.Fact, kind store.Kind) []store.Fact {
	of := slices.DeleteFunc(slices.Collect(maps.Values(facts)), func(f store.Fact) bool { return f.Key.Kind != kind })
	slices.SortFunc(of, func(a, b store.Fact) int { return a.Key.Compare(b.Key) })
	return of
}

// testModel walks a store and the model through the same random steps.
func testModel(t *testing.T, subject Subject) {
	for seed := range uint64(modelSeeds) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWalk(t, subject, seed)
			for range modelSteps {
				w.step()
				if t.Failed() {
					t.Fatalf("steps so far:\n%s", strings.Join(w.steps, "\n"))
				}
			}
			w.compare()
		})
	}
}

// walk is a run of the model test.
type walk struct {
	*fixture
	model
	rng   *rand.Rand
	at    int64
	steps []string
}

func newWalk(t *testing.T, subject Subject, seed uint64) *walk {
	w := &walk{
		fixture: newFixture(t, subject),
		rng:     rand.New(rand.NewPCG(seed, 0)),
		model:   model{names: map[string]store.NameID{}},
	}
	w.forget()
	return w
}

func (w *walk) forget() {
	w.model.facts, w.model.calls, w.model.rows = map[store.Key]store.Fact{}, nil, map[string]store.Row{}
}

func (w *walk) note(format string, args ...any) {
	w.steps = append(w.steps, fmt.Sprintf(format, args...))
}

// step does something, mostly a commit.
func (w *walk) step() {
	w.at += w.rng.Int64N(3)
	switch n := w.rng.IntN(100); {
	case n < 60:
		w.stepCommit()
	case n < 70:
		w.stepPage()
	case n < 80:
		w.stepIntern()
	case n < 90:
		w.stepPut()
	case n < 95:
		w.stepDrop()
	case n < 98:
		w.compare()
	case n < 99 && !w.subject.Volatile:
		w.note("reopen")
		w.reopen()
	case w.rng.IntN(3) == 0:
		w.note("reset")
		w.must(w.store.Reset(w.ctx))
		w.forget()
	}
}

var modelKinds = []store.Kind{store.UsageByLicense, store.UsageByProduct, store.UsageByResource, store.ClientToken}

// randomKey is one of few, so that facts meet.
func (w *walk) randomKey() store.Key {
	k := store.Key{
		Kind:      modelKinds[w.rng.IntN(len(modelKinds))],
		Hour:      store.Hour(w.rng.IntN(5)),
		Party:     store.NameID(w.rng.IntN(3) * 255),
		Dimension: store.NameID(w.rng.IntN(2)),
	}
	k.Tail[15*w.rng.IntN(2)] = byte(w.rng.IntN(2))
	return k
}

func (w *walk) randomFact() store.Fact {
	fact := store.Fact{
		Key:       w.randomKey(),
		Quantity:  w.rng.Int64N(2),
		Detail:    bytes.Repeat([]byte("d"), w.rng.IntN(2)),
		Timestamp: w.rng.Int64N(1000) - 500,
	}
	if w.rng.IntN(2) == 0 {
		fact.Until = w.at + w.rng.Int64N(20)
	}
	return fact
}

func (w *walk) stepCommit() {
	r := &store.Request{At: w.at, Guarded: w.rng.IntN(2) == 0, Call: fmt.Appendf(nil, "call at %d", w.at)}
	for range w.rng.IntN(6) {
		r.Facts = append(r.Facts, w.randomFact())
	}
	w.note("commit %+v", r)
	w.commit(r)

	call := called(r)
	call.ID = w.id(len(w.model.calls) + 1)
	want := decideAll(w.model.facts, &call)
	call.Outcomes = outcomes(want)
	w.model.calls = append(w.model.calls, call)
	w.equal("decisions", want, r.Decisions)
	w.equal("id of the call", call.ID, r.CallID)
}

// stepPage scans a few facts from somewhere.
func (w *walk) stepPage() {
	r := store.Range{
		Kind:     modelKinds[w.rng.IntN(len(modelKinds))],
		FromHour: store.Hour(w.rng.IntN(4)),
		ToHour:   store.Hour(w.rng.IntN(7)),
		After:    w.randomKey(),
	}
	limit := 1 + w.rng.IntN(5)
	w.note("scan %d of %+v", limit, r)
	want := slices.DeleteFunc(sorted(w.model.facts, r.Kind), func(f store.Fact) bool {
		return f.Key.Hour < r.FromHour || f.Key.Hour >= r.ToHour || f.Key.Compare(r.After) <= 0
	})
	w.equal("facts of a page", want[:min(limit, len(want))], w.fixture.facts(r, limit))
}

func (w *walk) stepIntern() {
	names := make([]string, w.rng.IntN(4))
	for i := range names {
		names[i] = strings.Repeat("n", w.rng.IntN(30))
	}
	w.note("intern %q", names)
	for i, id := range w.intern(names...) {
		if known, ok := w.model.names[names[i]]; ok && known != id {
			w.Errorf("%q has the ids %d and %d", names[i], known, id)
		}
		w.model.names[names[i]] = id
	}
}

func (w *walk) stepPut() {
	key := string(rune('a' + w.rng.IntN(4)))
	version := uint64(w.rng.IntN(3))
	if w.rng.IntN(2) == 0 {
		version = w.model.rows[key].Version
	}
	next := row("t", key, fmt.Sprint(w.at), version)
	w.note("put %+v", next)
	err := w.store.Put(w.ctx, []store.Row{next})
	if version != w.model.rows[key].Version {
		if !errors.Is(err, store.ErrVersion) {
			w.Errorf("putting another version: %v", err)
		}
		return
	}
	w.must(err)
	next.Version++
	w.model.rows[key] = next
}

func (w *walk) stepDrop() {
	hour := store.Hour(w.rng.IntN(4))
	w.note("drop before %d", hour)
	w.must(w.store.DropBefore(w.ctx, hour))
	maps.DeleteFunc(w.model.facts, func(k store.Key, _ store.Fact) bool {
		return k.Hour < hour && k.Kind.IsUsage()
	})
}

// compare compares everything.
func (w *walk) compare() {
	for _, kind := range modelKinds {
		w.equal("facts of kind "+string(kind), sorted(w.model.facts, kind), w.fixture.facts(everything(kind), noLimit))
	}
	for key, fact := range w.model.facts {
		w.equal("a fact", fact, w.lookup(key))
	}
	w.equal("calls", w.model.calls, w.fixture.calls(0))
	rows := map[string]store.Row{}
	for _, row := range w.fixture.rows("t") {
		rows[row.Key] = row
	}
	w.equal("rows", w.model.rows, rows)
}
