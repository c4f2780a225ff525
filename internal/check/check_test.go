package check

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// history makes a store with a seeded history of batches and single calls:
// new records, retries, contradictions, tokens that conflict, refusals.
func history(t *testing.T, seed uint64, calls int) *memstore.Store {
	t.Helper()
	s := memstore.New()
	names := make([]store.NameID, 12)
	words := make([]string, len(names))
	for i := range words {
		words[i] = fmt.Sprint("name-", i)
	}
	if err := s.Intern(t.Context(), words, names); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range calls {
		at := noon.Add(time.Duration(n) * time.Minute)
		var e audit.Entry
		r := store.Request{At: at.UnixMilli()}
		switch random.IntN(4) {
		case 0:
			e = audit.Entry{Operation: "BatchMeterUsage", Refused: "product-unknown", Batch: &audit.Batch{Records: []audit.Record{{Quantity: 1}}}}
		case 1:
			e, r.Facts = meter(random, names, at)
			r.Guarded = true
		default:
			e, r.Facts = batch(random, names, at)
		}
		r.Call = e.Append(nil)
		if err := s.Commit(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func batch(random *rand.Rand, names []store.NameID, at time.Time) (audit.Entry, []store.Fact) {
	e := audit.Entry{Operation: "BatchMeterUsage", Batch: &audit.Batch{}}
	var facts []store.Fact
	for range random.IntN(5) {
		f := usage(random, names, at)
		r := audit.Record{Timestamp: f.Timestamp, Quantity: f.Quantity, Allocations: f.Detail}
		switch random.IntN(5) {
		case 0:
			r.Status = "CustomerNotSubscribed"
		case 1:
			r = audit.Record{Brief: true}
			fallthrough
		default:
			facts = append(facts, f)
		}
		e.Batch.Records = append(e.Batch.Records, r)
	}
	return e, facts
}

func meter(random *rand.Rand, names []store.NameID, at time.Time) (audit.Entry, []store.Fact) {
	token := store.Fact{Key: store.Key{Kind: store.ClientToken, Scope: names[0]}, Detail: []byte{byte(random.IntN(2))}, Until: at.Add(3 * time.Minute).UnixMilli()}
	token.Key.Tail[0] = byte(random.IntN(3))
	f := usage(random, names, at)
	f.Key.Kind = store.UsageByResource
	return audit.Entry{Operation: "MeterUsage", Meter: &audit.Meter{Timestamp: f.Timestamp, Quantity: f.Quantity, Allocations: f.Detail}}, []store.Fact{token, f}
}

func usage(random *rand.Rand, names []store.NameID, at time.Time) store.Fact {
	f := store.Fact{
		Key: store.Key{
			Kind: store.UsageByProduct, Hour: store.Hour(metering.HourOf(at)),
			Scope: names[0], Subject: names[1], Party: names[2+random.IntN(4)], Dimension: names[6+random.IntN(3)],
		},
		Quantity:  int64(random.IntN(2)),
		Timestamp: at.UnixMilli(),
	}
	if random.IntN(3) == 0 {
		f.Detail = metering.AppendCanonical(nil, []metering.Allocation{{Quantity: f.Quantity, Tags: []metering.Tag{{Key: "team", Value: "red"}}}})
	}
	return f
}

func report(t *testing.T, s store.Store, since ...store.Head) *Report {
	t.Helper()
	r, err := Ledger(t.Context(), s, Options{Since: since})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAHistoryIsSound(t *testing.T) {
	for seed := range uint64(20) {
		r := report(t, history(t, seed, 200))
		if !r.Sound() || r.Calls != 200 || r.Facts == 0 || len(r.Heads) != 1 {
			t.Errorf("seed %d: %d calls, %d facts, heads %v, problems %v", seed, r.Calls, r.Facts, r.Heads, r.Problems)
		}
	}
	if r := report(t, memstore.New()); !r.Sound() {
		t.Errorf("an empty ledger: %v", r.Problems)
	}
}

// tampered shows a store as somebody who can write to its files would have it.
type tampered struct {
	store.Store
	calls func([]store.Call) []store.Call
	fact  func(*store.Fact) (keep bool)
}

func (s tampered) ScanCalls(ctx context.Context, after store.CallID) iter.Seq2[store.Call, error] {
	var all []store.Call
	for c, err := range s.Store.ScanCalls(ctx, after) {
		if err != nil {
			panic(err) // unreachable unless memstore fails
		}
		c.Entry, c.Facts, c.Outcomes = slices.Clone(c.Entry), slices.Clone(c.Facts), slices.Clone(c.Outcomes)
		all = append(all, c)
	}
	if s.calls != nil {
		all = s.calls(all)
	}
	return func(yield func(store.Call, error) bool) {
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (s tampered) Lookup(ctx context.Context, k store.Key) (store.Fact, bool, error) {
	f, ok, err := s.Store.Lookup(ctx, k)
	if ok && s.fact != nil {
		ok = s.fact(&f)
	}
	return f, ok, err
}

func (s tampered) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Fact, error] {
	return func(yield func(store.Fact, error) bool) {
		for f, err := range s.Store.Scan(ctx, r) {
			if s.fact != nil && !s.fact(&f) {
				continue
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// Whatever is changed in one call, it shows, and shows at that call or the one
// behind it.
func TestAChangedCallIsFound(t *testing.T) {
	changes := map[string]func(*rand.Rand, *store.Call) bool{
		"a bit of the entry": func(random *rand.Rand, c *store.Call) bool {
			c.Entry[random.IntN(len(c.Entry))] ^= 1 << random.IntN(8)
			return true
		},
		"a bit of the hash": func(random *rand.Rand, c *store.Call) bool {
			c.Hash[random.IntN(len(c.Hash))] ^= 1 << random.IntN(8)
			return true
		},
		"the time":  func(_ *rand.Rand, c *store.Call) bool { c.At++; return true },
		"the guard": func(_ *rand.Rand, c *store.Call) bool { c.Guarded = !c.Guarded; return true },
		"a quantity": func(random *rand.Rand, c *store.Call) bool {
			return changeFact(random, c, func(f *store.Fact) { f.Quantity++ })
		},
		"a buyer": func(random *rand.Rand, c *store.Call) bool {
			return changeFact(random, c, func(f *store.Fact) { f.Key.Party++ })
		},
		"a fact's time": func(random *rand.Rand, c *store.Call) bool {
			return changeFact(random, c, func(f *store.Fact) { f.Timestamp-- })
		},
		"a fact left out": func(_ *rand.Rand, c *store.Call) bool {
			if len(c.Facts) == 0 {
				return false
			}
			c.Facts, c.Outcomes = c.Facts[1:], c.Outcomes[1:]
			return true
		},
		"an outcome": func(random *rand.Rand, c *store.Call) bool {
			if len(c.Outcomes) == 0 || c.Facts[0].Until != 0 { // whether a token had ended is not kept
				return false
			}
			i := random.IntN(len(c.Outcomes))
			c.Outcomes[i] = c.Outcomes[i]%3 + 1
			return true
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(7, 7))
			s := history(t, 1, 60)
			for round := range 60 {
				at := round
				r := report(t, tampered{Store: s, calls: func(all []store.Call) []store.Call {
					for !change(random, &all[at]) {
						at = (at + 1) % len(all)
					}
					return all
				}})
				if r.Sound() {
					t.Fatalf("a change of call %d is not found", at+1)
				}
				if first := r.Problems[0].Call.Seq(); first != 0 && first != uint64(at+1) && first != uint64(at+2) {
					t.Errorf("a change of call %d shows at first in %v", at+1, r.Problems[0])
				}
			}
		})
	}
}

func changeFact(random *rand.Rand, c *store.Call, change func(*store.Fact)) bool {
	if len(c.Facts) == 0 {
		return false
	}
	change(&c.Facts[random.IntN(len(c.Facts))])
	return true
}

func TestAChangedFactIsFound(t *testing.T) {
	s := history(t, 2, 80)
	var all []store.Fact
	for _, kind := range store.UsageKinds {
		for f, err := range s.Scan(t.Context(), store.Range{Kind: kind, ToHour: ^store.Hour(0)}) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, f)
		}
	}
	for name, change := range map[string]func(*store.Fact) bool{
		"its quantity": func(f *store.Fact) bool { f.Quantity++; return true },
		"its details":  func(f *store.Fact) bool { f.Detail = append(slices.Clone(f.Detail), 0); return true },
		"its time":     func(f *store.Fact) bool { f.Timestamp++; return true },
		"its call":     func(f *store.Fact) bool { f.Call++; return true },
		"all of it":    func(*store.Fact) bool { return false },
	} {
		for _, victim := range all {
			r := report(t, tampered{Store: s, fact: func(f *store.Fact) bool { return f.Key != victim.Key || change(f) }})
			if r.Sound() {
				t.Errorf("%s of %+v changed, and is not found", name, victim.Key)
			}
		}
	}
}

func TestAFactBesideTheLogIsFound(t *testing.T) {
	s := history(t, 3, 40)
	r := report(t, tampered{Store: s, calls: func(all []store.Call) []store.Call {
		for i := range all { // as if the call that told it had never been
			if len(all[i].Facts) > 0 && all[i].Outcomes[0] == store.Created {
				return slices.Delete(all, i, i+1)
			}
		}
		return all
	}})
	if r.Sound() {
		t.Error("a call is gone and is not missed")
	}
}

func TestHeadsThatWereKept(t *testing.T) {
	s := history(t, 4, 50)
	kept := report(t, s).Heads[0]
	if r := report(t, s, kept); !r.Sound() {
		t.Errorf("the newest head: %v", r.Problems)
	}
	for name, tamper := range map[string]func([]store.Call) []store.Call{
		"cut off":   func(all []store.Call) []store.Call { return all[:40] },
		"rewritten": func(all []store.Call) []store.Call { return rechained(all) },
	} {
		r := report(t, tampered{Store: s, calls: tamper}, kept)
		if !slices.ContainsFunc(r.Problems, func(p Problem) bool { return strings.Contains(p.Text, "history was") }) {
			t.Errorf("history %s: %v", name, r.Problems)
		}
	}
}

// rechained is a forger's log: whole in itself, with another time in it.
func rechained(all []store.Call) []store.Call {
	all[3].At++
	before := audit.Genesis
	for i := range all {
		all[i].Hash = all[i].Link(before)
		before = all[i].Hash
	}
	return all
}

func TestProblemsAreBounded(t *testing.T) {
	s := history(t, 5, 100)
	r := report(t, tampered{Store: s, calls: func(all []store.Call) []store.Call {
		for i := range all {
			all[i].Hash[0]++
		}
		return all
	}})
	if len(r.Problems) != problemsMax || r.More == 0 {
		t.Errorf("%d problems and %d more", len(r.Problems), r.More)
	}
}
