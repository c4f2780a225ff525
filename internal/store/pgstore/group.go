package pgstore

import (
	"bytes"
	"slices"

	"github.com/meterd/meterd/internal/store"
)

// group is what one transaction commits: calls in the order in which they will
// be numbered.
type group struct {
	jobs  []*job
	bytes int
	facts int

	// refs are all facts of all jobs, sorted by key; slots are the distinct keys
	// among them. Everybody takes the locks of keys in this order, so that two
	// groups never wait for each other.
	refs  []ref
	slots []slot

	params params
}

// ref is one told fact.
type ref struct {
	key       []byte
	job, fact int32
}

// slot is what a group knows of one key.
type slot struct {
	key []byte
	// standing is what the database holds, as far as this group has seen.
	standing standing
	// inserted is the fact that this transaction has put there, if it has.
	inserted *telling

	// What follows is set by replay. by is the job that told the fact that
	// stands in the end, or -1 if it is the standing one; told is that fact.
	by   int32
	told *telling
}

// standing is a fact in the database.
type standing struct {
	there           bool
	quantity, until int64
	detail          []byte
	call            store.CallID
}

// reset empties the group for the next use.
func (g *group) reset() {
	clear(g.jobs)
	clear(g.refs)
	clear(g.slots)
	g.jobs, g.refs, g.slots = g.jobs[:0], g.refs[:0], g.slots[:0]
	g.bytes, g.facts = 0, 0
}

// add takes a job, unless its caller no longer waits.
func (g *group) add(j *job) {
	if !j.state.CompareAndSwap(jobWaits, jobTaken) {
		return
	}
	g.jobs = append(g.jobs, j)
	g.bytes += j.size()
	g.facts += len(j.facts)
}

func (g *group) full() bool { return len(g.jobs) >= groupJobs || g.bytes >= groupBytes }

// sort finds the distinct keys.
func (g *group) sort() {
	for n, j := range g.jobs {
		for i := range j.facts {
			g.refs = append(g.refs, ref{j.facts[i].key, int32(n), int32(i)})
		}
	}
	slices.SortFunc(g.refs, func(a, b ref) int { return bytes.Compare(a.key, b.key) })
	for _, r := range g.refs {
		if n := len(g.slots); n == 0 || !bytes.Equal(g.slots[n-1].key, r.key) {
			g.slots = append(g.slots, slot{key: r.key})
		}
		g.jobs[r.job].facts[r.fact].slot = int32(len(g.slots) - 1)
	}
}

// find returns the slot of a key. It is mostly the expected one, because the
// database answers in the order of the question.
func (g *group) find(key []byte, expected int) (int, bool) {
	if expected < len(g.slots) && bytes.Equal(g.slots[expected].key, key) {
		return expected, true
	}
	return slices.BinarySearchFunc(g.slots, key, func(s slot, key []byte) int { return bytes.Compare(s.key, key) })
}

// replay decides all facts over what is known to stand. It is run before the
// database is asked, when everything is taken for new that is not known to be
// there, and after it, when that is no longer a guess.
func (g *group) replay() {
	for i := range g.slots {
		g.slots[i].by, g.slots[i].told = -1, nil
	}
	for n, j := range g.jobs {
		j.decisions, j.by = j.decisions[:0], j.by[:0]
		for i := range j.facts {
			d, by := store.Decision{Outcome: store.Skipped}, int32(-1)
			if i == 0 || !j.guarded || j.decisions[0].Outcome != store.Conflict {
				d, by = g.decide(&j.facts[i], j.at, int32(n))
			}
			j.decisions, j.by = append(j.decisions, d), append(j.by, by)
		}
	}
}

// decide decides one fact of the n-th job. by is the job of this group that told
// the fact that stands, if one did; the decision's call is then still missing.
func (g *group) decide(f *telling, at int64, n int32) (d store.Decision, by int32) {
	s := &g.slots[f.slot]
	there, last := s.standing.there, s.standing
	if s.told != nil {
		there, last = true, standing{quantity: s.told.quantity, until: s.told.until, detail: s.told.detail}
	}
	stands := store.Fact{Until: last.until}
	if !there || !stands.StandsAt(at) {
		s.by, s.told = n, f
		return store.Decision{Outcome: store.Created, Quantity: f.quantity}, n
	}
	d = store.Decision{Outcome: store.Conflict, Quantity: last.quantity, Call: last.call}
	if f.same(last.quantity, last.detail) {
		d.Outcome = store.Same
	}
	return d, s.by
}

// settled reports whether the transaction has put into the database exactly what
// the decisions say is new.
func (g *group) settled() bool {
	for i := range g.slots {
		s := &g.slots[i]
		want := s.told
		if s.standing.there {
			// What stood there is replaced and not inserted.
			want = nil
		}
		if s.inserted != want {
			return false
		}
	}
	return true
}

// number gives the calls their ids from the first on, and fills in what the
// decisions left open.
func (g *group) number(first store.CallID) {
	for n, j := range g.jobs {
		j.id = first + store.CallID(n)
		for i, by := range j.by {
			if by >= 0 {
				j.decisions[i].Call = first + store.CallID(by)
			}
		}
	}
}
