package pebblestore

import (
	"math/rand/v2"
	"testing"

	"github.com/meterd/meterd/internal/gate"
	"github.com/meterd/meterd/internal/store"
)

// hourFact is a fact of an hour from now.
func hourFact(hour, n int) store.Fact {
	f := testFact(n)
	f.Key.Hour += store.Hour(hour)
	return f
}

// TestFilterNeverTakesOldForNew lives through openings, idle hours and a memory
// that is too small, and tells everything twice.
func TestFilterNeverTakesOldForNew(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for name, cfg := range map[string]Config{
		"room":    {segmentFacts: 50},
		"no room": {segmentFacts: 50, FilterBytes: 30_000},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			s := d.open(t, cfg)
			told := map[store.Key]bool{}
			at := testNow
			for range 400 {
				if at += rng.Int64N(filterIdleMillis / 20); rng.IntN(80) == 0 {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					s = d.open(t, cfg)
				}
				r := &store.Request{At: at}
				for range 10 {
					r.Facts = append(r.Facts, hourFact(rng.IntN(30), rng.IntN(100)))
				}
				commit(t, s, r)
				for i, f := range r.Facts {
					want := store.Created
					if told[f.Key] {
						want = store.Same
					}
					if told[f.Key] = true; r.Decisions[i].Outcome != want {
						t.Fatalf("%+v is %v, want %v", f, r.Decisions[i].Outcome, want)
					}
				}
			}
			if _, _, err := contents(s); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFilterForgetsIdleHours: their memory is given back when a later hour
// begins.
func TestFilterForgetsIdleHours(t *testing.T) {
	s := newDisk().open(t, Config{})
	at := func(ms int64, facts ...store.Fact) {
		t.Helper()
		r := request(facts...)
		r.At += ms
		commit(t, s, r)
	}
	at(0, hourFact(0, 1), hourFact(1, 1))
	at(filterIdleMillis-1, hourFact(1, 2))
	at(filterIdleMillis, hourFact(2, 1))
	if _, ok := s.filter.hours[hourFact(0, 1).Key.Hour]; ok || len(s.filter.hours) != 2 {
		t.Errorf("%d hours have a filter, want the two that were written last", len(s.filter.hours))
	}
	// They are decided all the same, and come back when they are written.
	r := request(hourFact(0, 1), hourFact(0, 2))
	commit(t, s, r)
	if got := outcomes(r); got[0] != store.Same || got[1] != store.Created {
		t.Errorf("facts of an hour without a filter: %v", got)
	}
	if _, ok := s.filter.hours[hourFact(0, 1).Key.Hour]; !ok {
		t.Error("an hour that is written again has no filter")
	}
}

func TestFilterHasABoundOfHours(t *testing.T) {
	s := newDisk().open(t, Config{})
	for hour := range filterHoursMax + 2 {
		commit(t, s, request(hourFact(hour, 1)))
	}
	if got := len(s.filter.hours); got != filterHoursMax {
		t.Errorf("%d hours have a filter, want %d", got, filterHoursMax)
	}
}

func TestFilterHasABoundOfBytes(t *testing.T) {
	s := newDisk().open(t, Config{FilterBytes: 10_000})
	for n := range 3000 {
		r := request(hourFact(n/1000, n))
		r.At += int64(n)
		commit(t, s, r)
		bytes := 0
		for _, h := range s.filter.hours {
			if h != nil {
				bytes += h.bytes()
			}
		}
		if bytes > 10_000 {
			t.Fatalf("the filter takes %d bytes after %d facts", bytes, n+1)
		}
	}
	last := hourFact(2, 0).Key.Hour
	if h := s.filter.hours[last]; h == nil {
		t.Error("the hour that is written has no filter, though others had")
	}
}

// TestLoadCutShortIsOfNoUse: a set that lacks facts would take them for new.
func TestLoadCutShortIsOfNoUse(t *testing.T) {
	d := sortedTable(t, 3)
	s := d.open(t, Config{})
	l := load{hour: testFact(0).Key.Hour}
	if set, err := s.fingerprintsOf(l); err != nil || set.slots == 0 {
		t.Errorf("loading an hour: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = d.open(t, Config{})
	s.gate.Close() // As Close does first.
	set, err := s.fingerprintsOf(l)
	if err == nil {
		t.Errorf("a load that met Close gave a set of %d slots", set.slots)
	}
	s.gate = gate.Gate{}
}
