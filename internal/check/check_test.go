package check

import (
	"context"
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

// history makes a store in memory with a seeded history.
func history(t *testing.T, seed uint64, calls int) *memstore.Store {
	t.Helper()
	s := memstore.New()
	write(t, s, seed, calls)
	return s
}

// words are the names of the histories: where, what, four buyers, three
// dimensions.
var words = []string{
	"111122223333/us-east-1", "product-1",
	"222233334444", "222233335555", "222233336666", "222233337777",
	"users", "gb", "requests",
}

// author writes a history.
type author struct {
	*rand.Rand
	ids []store.NameID
}

// write adds a seeded history of batches and single calls to a store: new
// records, retries, contradictions, tokens that conflict, refusals.
func write(t *testing.T, s store.Store, seed uint64, calls int) {
	t.Helper()
	a := author{rand.New(rand.NewPCG(seed, 0)), make([]store.NameID, len(words))}
	if err := s.Intern(t.Context(), words, a.ids); err != nil {
		t.Fatal(err)
	}
	for n := range calls {
		at := noon.Add(time.Duration(n) * time.Minute)
		e := audit.Entry{Operation: "BatchMeterUsage", Region: "us-east-1", Caller: audit.Caller{Account: "111122223333"}}
		if n == 0 {
			e.Names = a.names()
		}
		r := store.Request{At: at.UnixMilli()}
		switch a.IntN(4) {
		case 0:
			e.Refused, e.Batch = "product-unknown", &audit.Batch{Records: []audit.Record{{Quantity: 1}}}
		case 1:
			e.Operation = "MeterUsage"
			e.Meter, r.Facts = a.meter(at)
			r.Guarded = true
		default:
			e.Batch, r.Facts = a.batch(at)
		}
		r.Call = e.Append(nil)
		if err := s.Commit(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
	}
}

func (a *author) names() (list []audit.Name) {
	for i, id := range a.ids {
		list = append(list, audit.Name{ID: uint32(id), Text: words[i]})
	}
	return list
}

func (a *author) batch(at time.Time) (*audit.Batch, []store.Fact) {
	b := &audit.Batch{ProductCode: words[1]}
	var facts []store.Fact
	for range a.IntN(5) {
		f, party, dimension := a.usage(at)
		r := audit.Record{Timestamp: f.Timestamp, Quantity: f.Quantity, Allocations: f.Detail, Account: party, Dimension: dimension}
		switch a.IntN(5) {
		case 0:
			r.Status = "CustomerNotSubscribed"
		case 1:
			r = audit.Record{Brief: true}
			fallthrough
		default:
			facts = append(facts, f)
		}
		b.Records = append(b.Records, r)
	}
	return b, facts
}

func (a *author) meter(at time.Time) (*audit.Meter, []store.Fact) {
	token := store.Fact{Key: store.Key{Kind: store.ClientToken, Scope: a.ids[0]}, Detail: []byte{byte(a.IntN(2))}, Until: at.Add(3 * time.Minute).UnixMilli()}
	token.Key.Tail[0] = byte(a.IntN(3))
	f, _, dimension := a.usage(at)
	f.Key.Kind = store.UsageByResource
	return &audit.Meter{
		ProductCode: words[1], Timestamp: f.Timestamp, Quantity: f.Quantity, Allocations: f.Detail, Dimension: dimension,
	}, []store.Fact{token, f}
}

func (a *author) usage(at time.Time) (f store.Fact, party, dimension string) {
	p, d := 2+a.IntN(4), 6+a.IntN(3)
	f = store.Fact{
		Key: store.Key{
			Kind: store.UsageByProduct, Hour: store.Hour(metering.HourOf(at)),
			Scope: a.ids[0], Subject: a.ids[1], Party: a.ids[p], Dimension: a.ids[d],
		},
		Quantity:  int64(a.IntN(2)),
		Timestamp: at.UnixMilli(),
	}
	if a.IntN(3) == 0 {
		f.Detail = metering.AppendCanonical(nil, []metering.Allocation{{Quantity: f.Quantity, Tags: []metering.Tag{{Key: "team", Value: "red"}}}})
	}
	return f, words[p], words[d]
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
	// renamed is a name that is another one now; 0: none is.
	renamed store.NameID
}

func (s tampered) Name(ctx context.Context, id store.NameID) (string, bool, error) {
	if id == s.renamed {
		return "other", true, nil
	}
	return s.Store.Name(ctx, id)
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
			if len(c.Outcomes) == 0 {
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

// TestAChangedNameIsFound: facts have numbers for names, and who changes a name
// bills another buyer.
func TestAChangedNameIsFound(t *testing.T) {
	s := history(t, 2, 80)
	for id := range store.NameID(len(words)) {
		if report(t, tampered{Store: s, renamed: id + 1}).Sound() {
			t.Errorf("%q is another name now, and is not found", words[id])
		}
	}
}

// TestAnUnsaidNameIsFound: a name that no call says could be changed unnoticed.
func TestAnUnsaidNameIsFound(t *testing.T) {
	s := memstore.New()
	ids := make([]store.NameID, 1)
	if err := s.Intern(t.Context(), []string{"users"}, ids); err != nil {
		t.Fatal(err)
	}
	told := store.Fact{Key: store.Key{Kind: store.Registration, Dimension: ids[0]}}
	if err := s.Commit(t.Context(), &store.Request{Facts: []store.Fact{told}, Call: (&audit.Entry{}).Append(nil)}); err != nil {
		t.Fatal(err)
	}
	if r := report(t, s); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Text, "which no call says") {
		t.Errorf("%v", r.Problems)
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
