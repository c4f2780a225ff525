package sellertest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/agent"
	"github.com/meterd/meterd/internal/outbox"
)

// stage is where a world plays: processes, or one process in a bubble.
type stage interface {
	// agent and admin are the agent's API and the service's admin surface, as
	// long as they live.
	agent() *caller
	admin() *caller
	startAgent()
	startService()
	// The kills leave the dead no time for anything.
	killAgent()
	killService()
	// steer sets the clock of the service, and the one that the agent follows.
	steer(time.Time)
	network() *network
}

// world is a seller whose machines crash.
type world struct {
	*testing.T
	stage
	rng   *rand.Rand
	now   time.Time
	books *books

	mu   sync.Mutex
	next int
	// unknown are batches whose answer did not come. They are posted again, as
	// every sender must.
	unknown [][]event
}

// starts are when worlds begin: on an ordinary day, before somebody leaves, and
// at the end of a month.
var starts = []time.Time{
	time.Date(2026, 11, 22, 9, 20, 0, 0, time.UTC),
	time.Date(2026, 11, 22, 22, 50, 0, 0, time.UTC),
	time.Date(2026, 11, 30, 19, 40, 0, 0, time.UTC),
}

const (
	// faultPercent of the calls to the service meet a fault.
	faultPercent = 35
	// lifeMax is the longest that nobody is killed in a round.
	lifeMax = 3 * time.Second
	// callMax is about how long a call takes.
	callMax = 15 * time.Millisecond
	// patience is how long tests wait for what happens in a second or two.
	patience = 30 * time.Second
)

func newWorld(t *testing.T, s stage, rng *rand.Rand) *world {
	w := &world{T: t, stage: s, rng: rng, books: newBooks()}
	w.setClock(starts[rng.IntN(len(starts))])
	s.startService()
	s.startAgent()
	return w
}

// live plays rounds and then lets everything come to rest. It returns what the
// books come to.
func (w *world) live(rounds int) balance {
	w.network().setFaults(faultPercent)
	for round := range rounds {
		w.round()
		if w.Failed() {
			w.Fatalf("in round %d", round)
		}
	}
	return w.rest()
}

// round posts events, moves the clock, kills somebody, and compares.
func (w *world) round() {
	stop := make(chan struct{})
	var posting sync.WaitGroup
	rng := rand.New(rand.NewPCG(w.rng.Uint64(), 0))
	posting.Go(func() { w.postUntil(stop, rng) })
	w.moveClock()
	w.awaitMoment()
	killAgent, killService := w.rng.IntN(3) > 0, w.rng.IntN(3) == 0
	if killAgent {
		w.killAgent()
	}
	if killService {
		w.killService()
	}
	close(stop)
	posting.Wait()
	w.network().deliverLate()
	// Sometimes the agent is back before the service is.
	if killAgent {
		w.startAgent()
	}
	if killService {
		w.startService()
	}
	w.postAgain()
	w.compare()
}

// awaitMoment waits for a moment to kill somebody: mostly while one of the next
// calls is on its way, sometimes any.
func (w *world) awaitMoment() {
	end := time.Now().Add(lifeMax)
	if w.rng.IntN(4) == 0 {
		time.Sleep(time.Duration(w.rng.Int64N(int64(lifeMax))))
		return
	}
	for last := w.network().calls() + 1 + w.rng.IntN(6); w.network().calls() < last && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(w.rng.Int64N(int64(callMax))))
}

// moveClock lets some time pass: mostly minutes, sometimes a night, sometimes
// more than the service's window, and sometimes somebody sets the clock back.
func (w *world) moveClock() {
	minutes := w.rng.IntN(100)
	switch w.rng.IntN(20) {
	case 0, 1:
		minutes = 60 * (3 + w.rng.IntN(7))
	case 2:
		minutes = 60 * (20 + w.rng.IntN(10))
	case 3:
		minutes = -w.rng.IntN(50)
	}
	w.setClock(w.now.Add(time.Duration(minutes) * time.Minute))
}

func (w *world) setClock(now time.Time) {
	w.mu.Lock()
	w.now = now
	w.mu.Unlock()
	if now.After(w.books.latest) {
		w.books.latest = now
	}
	w.steer(now)
}

// postUntil posts batches until it is told to stop.
func (w *world) postUntil(stop <-chan struct{}, rng *rand.Rand) {
	for {
		w.post(w.draw(rng))
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rng.IntN(100)) * time.Millisecond):
		}
	}
}

// customers are who usage is told of; who is there twice has more of it.
var customers = []event{
	{Product: "prod-legacy", Customer: "cust-1"},
	{Product: "prod-legacy", Customer: "cust-1"},
	{Product: "prod-legacy", Customer: "cust-2"},
	{Product: "prod-legacy", Customer: "cust-2"},
	{Product: "prod-legacy", Customer: "cust-leaving"},
	{Product: "prod-legacy", Customer: "cust-pending"},
	{Product: modernProduct, Customer: "222233334444", License: "arn:aws:license-manager::294406891311:license:l-a"},
	{Product: modernProduct, Customer: "222233334444", License: "arn:aws:license-manager::294406891311:license:l-b"},
}

const modernProduct = "prod-modern"

var tags = []map[string]string{nil, nil, nil, {"team": "red"}, {"team": "blue", "site": "a"}}

// draw makes a batch, in which some events are repeated and some late.
func (w *world) draw(rng *rand.Rand) []event {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch := make([]event, 1+rng.IntN(12))
	for i := range batch {
		if w.next > 0 && rng.IntN(5) == 0 {
			if known, ok := w.books.acknowledged[fmt.Sprint(rng.IntN(w.next))]; ok {
				batch[i] = known
				continue
			}
		}
		e := customers[rng.IntN(len(customers))]
		e.ID = fmt.Sprint(w.next)
		w.next++
		e.Dimension = []string{"users", "gb"}[rng.IntN(2)]
		e.Quantity = rng.Int64N(100)
		if rng.IntN(12) == 0 {
			e.Quantity = -e.Quantity
		}
		e.Tags = tags[rng.IntN(len(tags))]
		switch rng.IntN(12) {
		case 0, 1, 2:
			e.Time = new(w.now.Add(-time.Duration(rng.IntN(3*60)) * time.Minute))
		case 3:
			e.Time = new(w.now.Add(-time.Duration(rng.IntN(30*60)) * time.Minute))
		}
		batch[i] = e
	}
	return batch
}

// post posts a batch and enters what is acknowledged into the books. It reports
// whether there was an answer.
func (w *world) post(batch []event) bool {
	var receipt agent.Receipt
	status, err := w.agent().call(http.MethodPost, "/v1/events", batch, &receipt)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || status != http.StatusOK && status != http.StatusUnprocessableEntity {
		w.unknown = append(w.unknown, batch)
		return false
	}
	refused := map[string]bool{}
	for _, refusal := range receipt.Refusals {
		refused[refusal.ID] = true
	}
	for _, e := range batch {
		if !refused[e.ID] {
			w.books.acknowledged[e.ID] = e
		}
	}
	return true
}

// postAgain posts what had no answer until it has.
func (w *world) postAgain() {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		w.mu.Lock()
		batches := w.unknown
		w.unknown = nil
		w.mu.Unlock()
		answered := true
		for _, batch := range batches {
			answered = w.post(batch) && answered
		}
		if answered {
			return
		}
		if time.Now().After(end) {
			w.Fatal("the agent does not answer any more")
		}
	}
}

// compare fails the test if anything is lost, doubled or in contradiction.
func (w *world) compare() balance {
	w.Helper()
	sum, problems := w.books.compare(w.read())
	wrong, _ := w.network().report()
	for _, problem := range append(problems, wrong...) {
		w.Error(problem)
	}
	if sum.Lost != 0 || sum.Doubled != 0 {
		w.Errorf("lost %d, doubled %d: %+v", sum.Lost, sum.Doubled, sum)
	}
	return sum
}

// read reads both sides. The agent goes on working, so what it says is read
// until nothing has moved meanwhile, and the records are those that the status
// counts: it counts what is on its way to the disk, where the records are read. The
// service, which only gains, is last.
func (w *world) read() *sheets {
	w.Helper()
	for end := time.Now().Add(patience); ; {
		var before, after agent.Status
		s := &sheets{}
		w.ask(w.agent(), "/v1/status", &before)
		s.records = w.agentRecords()
		s.accounts = w.accounts()
		w.ask(w.agent(), "/v1/status", &after)
		if before.Totals == after.Totals && before.OpenHours == after.OpenHours && s.counted(&after) {
			s.billed = w.billed()
			return s
		}
		if time.Now().After(end) {
			w.Fatal("the agent does not come to rest")
		}
	}
}

// counted reports whether a status counts as many records as there are.
func (s *sheets) counted(status *agent.Status) bool {
	var pending, dead int64
	for i := range s.records {
		switch s.records[i].State {
		case outbox.Pending:
			pending++
		case outbox.Dead:
			dead++
		}
	}
	return pending == status.Pending && dead == status.DeadLetters
}

func (w *world) agentRecords() []agent.Record {
	var list struct {
		Records []agent.Record
		More    bool
	}
	w.ask(w.agent(), "/v1/records?limit=100000", &list)
	if list.More {
		w.Fatal("there are more records than this test can read")
	}
	return list.Records
}

func (w *world) accounts() (list []agent.Account) {
	for _, name := range []string{"cust-1", "cust-2", "cust-leaving", "cust-pending", "222233334444"} {
		var c agent.Customer
		status, err := w.agent().call(http.MethodGet, "/v1/customers/"+name, nil, &c)
		if err != nil || status != http.StatusOK && status != http.StatusNotFound {
			w.Fatalf("customer %s: %d %v", name, status, err)
		}
		list = append(list, c.Accounts...)
	}
	return list
}

func (w *world) billed() []admin.Record {
	var list admin.RecordList
	w.ask(w.admin(), "/_meterd/records?limit=10000", &list)
	if list.Truncated {
		w.Fatal("there are more records than this test can read")
	}
	return list.Records
}

func (w *world) ask(c *caller, path string, into any) {
	w.Helper()
	if status, err := c.call(http.MethodGet, path, nil, into); err != nil || status != http.StatusOK {
		w.Fatalf("GET %s: %d %v", path, status, err)
	}
}

// rest ends the trouble and lets hours pass until everything is settled.
func (w *world) rest() balance {
	w.network().setFaults(0)
	w.killAgent() // The next one does not know that it was to rest.
	w.startAgent()
	for range 40 {
		w.setClock(w.now.Add(time.Hour))
		if w.settled() {
			break
		}
	}
	sum := w.compare()
	if sum.Open != 0 || sum.Told != sum.Billed+sum.Named-sum.Credit {
		w.Errorf("after all is settled: %+v", sum)
	}
	return sum
}

// settled waits until the agent has seen the hour end, and reports whether
// nothing waits any more.
func (w *world) settled() bool {
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var status agent.Status
		w.ask(w.agent(), "/v1/status", &status)
		if !status.Now.Before(w.now) && status.Pending == 0 && status.OpenHours == 0 {
			return true
		}
	}
	return false
}
