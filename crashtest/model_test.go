package crashtest

import (
	"fmt"
	"sync"
)

// key is what a record is about: there can be one record of it.
type key struct {
	product string
	// hour counts back from the clock's.
	hour int
	// party is the buyer's customer identifier, or the resource that meters
	// itself.
	party     string
	dimension string
}

// told is a record that was sent.
type told struct {
	key
	quantity int32
	// fresh says that nobody had told the key before, so that it is there if
	// and only if the whole call is.
	fresh bool
}

// known is what answers have said of a key.
type known struct {
	// sent are all quantities that were told.
	sent map[int32]bool
	// accepted says that quantity was answered with Success, and id.
	accepted bool
	quantity int32
	id       string
	// refused are quantities that were answered as contradicting another.
	refused map[int32]bool
	// taken says that a conflict showed that there is a record.
	taken bool
}

// model is what a client can know of the ledger: what it sent and what it was
// answered. It is right if it never has to believe two things that exclude each
// other, and if the ledger then has what it believes.
type model struct {
	mu   sync.Mutex
	keys map[key]*known
	// registered are the tasks that were admitted, by their keys.
	registered map[string]bool
	// tokens are the registration tokens that this round's operator was given.
	tokens []string
	// unanswered are the calls of this round that got no answer.
	unanswered []*call

	acknowledged, lost, doubled, half int
	problems                          []string
}

func newModel() *model {
	return &model{keys: map[key]*known{}, registered: map[string]bool{}}
}

func (m *model) problem(count *int, format string, args ...any) {
	*count++
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

func (m *model) at(k key) *known {
	if m.keys[k] == nil {
		m.keys[k] = &known{sent: map[int32]bool{}, refused: map[int32]bool{}}
	}
	return m.keys[k]
}

// send remembers what is about to be sent.
func (m *model) send(records []told) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range records {
		m.at(r.key).sent[r.quantity] = true
	}
}

// accept takes an answer that a record stands as it was told.
func (m *model) accept(r told, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.at(r.key)
	switch {
	case id == "":
		m.problem(&m.lost, "%+v was accepted without an id", r)
	case !k.accepted:
		m.acknowledged++
		k.accepted, k.quantity, k.id = true, r.quantity, id
	case k.quantity != r.quantity || k.id != id:
		m.problem(&m.doubled, "%+v was accepted as %s, and before with quantity %d as %s", r, id, k.quantity, k.id)
	}
}

// refuse takes an answer that another record stands.
func (m *model) refuse(r told) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at(r.key).refused[r.quantity] = true
	m.at(r.key).taken = true
}

// stands takes an answer from which follows that there is a record of a key.
func (m *model) stands(k key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at(k).taken = true
}

func (m *model) register(task string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registered[task] = true
}

func (m *model) mint(token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens = append(m.tokens, token)
}

func (m *model) wrong(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

// unanswer remembers a call that got no answer.
func (m *model) unanswer(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unanswered = append(m.unanswered, c)
}

// compare looks for everything that was answered among the records of some
// parties, or of all if parties is nil, and for everything that is there among
// what was sent.
func (m *model) compare(list []listed, parties map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	there, ids := map[key]listed{}, map[string]bool{}
	for _, l := range list {
		k := l.key()
		if _, twice := there[k]; twice || ids[l.ID] {
			m.problem(&m.doubled, "there are two records of %+v, or two with the id %s", k, l.ID)
		}
		there[k], ids[l.ID] = l, true
		if known := m.keys[k]; known == nil || !known.sent[l.Quantity] {
			m.problem(&m.doubled, "nobody has told %+v, which is there", l)
		}
	}
	for k, known := range m.keys {
		if parties != nil && !parties[k.party] {
			continue
		}
		l, ok := there[k]
		switch {
		case !ok && (known.accepted || known.taken):
			m.problem(&m.lost, "%+v was answered (%+v) and is lost", k, *known)
		case ok && known.accepted && (l.Quantity != known.quantity || l.ID != known.id):
			m.problem(&m.lost, "%+v was accepted with quantity %d as %s, and is %+v", k, known.quantity, known.id, l)
		case ok && known.refused[l.Quantity]:
			m.problem(&m.doubled, "%+v was refused as contradicting another, and is there", l)
		}
	}
	for _, c := range m.unanswered {
		m.compareWhole(c, there)
	}
}

// compareWhole looks for a call that is there in part.
func (m *model) compareWhole(c *call, there map[key]listed) {
	calls := map[uint64]int{}
	for _, r := range c.records {
		if r.fresh {
			calls[there[r.key].Call]++ // 0 if it is not there
		}
	}
	if len(calls) > 1 {
		m.problem(&m.half, "the records of one call were told by these: %v", calls)
	}
}

// key is what a listed record is about.
func (l listed) key() key {
	k := key{product: l.Product, hour: int(hourOf(0).Sub(l.Hour).Hours()), party: l.Customer, dimension: l.Dimension}
	if l.Resource != "" {
		k.party = l.Resource
	}
	return k
}
