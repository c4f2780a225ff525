package crashtest

import (
	"errors"
	"flag"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering/types"
)

var (
	rounds = flag.Int("rounds", 20, "how many times meterd is killed")
	seed   = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the load and of the moments of death")
)

const (
	// aliveMax is how long a process lives at most after its first answer, and
	// openingMax after its start if it is to die while it opens the ledger.
	aliveMax   = 120 * time.Millisecond
	openingMax = 60 * time.Millisecond
	// acknowledgedMin is how many records each round must have on average, so
	// that a test that saw nothing does not pass.
	acknowledgedMin = 20
)

// crash is a ledger that goes through all rounds.
type crash struct {
	*model
	random        *rand.Rand
	data, catalog string
	// minted counts the registration tokens that were found again.
	minted int
}

// TestKilledUnderLoad: whatever moment kill -9 chooses, every record that was
// acknowledged is there with its id and quantity, no call is there in part, the
// log and the records agree, and who sends again what was not answered gets an
// answer that fits to all others.
func TestKilledUnderLoad(t *testing.T) {
	t.Logf("seed %d", *seed)
	c := &crash{
		model: newModel(), random: rand.New(rand.NewPCG(*seed, 0)),
		data: filepath.Join(t.TempDir(), "data"), catalog: writeCatalog(t, *rounds, "status: active"),
	}
	for round := range *rounds {
		p := c.open(t)
		c.settle(t, p, round-1)
		c.loadUntilKilled(p, round)
		c.report(t, round)
	}
	p := c.open(t)
	c.settle(t, p, *rounds-1)
	c.compare(p.records(t, ""), nil)
	c.report(t, *rounds)
	p.terminate(t)
	c.registrationsLast(t)
	check(t, c.data)
	t.Logf("%d rounds, acknowledged %d, lost %d, doubled %d, half there %d", *rounds, c.acknowledged, c.lost, c.doubled, c.half)
	if c.acknowledged < acknowledgedMin**rounds {
		t.Errorf("only %d records were acknowledged; this test saw too little", c.acknowledged)
	}
}

// open opens the ledger after a crash. Sometimes check comes first, so that it is
// check that recovers the ledger; sometimes the service is killed while it opens.
func (c *crash) open(t *testing.T) *process {
	t.Helper()
	if c.random.IntN(4) == 0 {
		p := start(t, c.data, c.catalog)
		time.Sleep(time.Duration(c.random.Int64N(int64(openingMax))))
		p.kill()
	}
	p := start(t, c.data, c.catalog)
	p.awaitReady(t)
	if c.random.IntN(3) == 0 {
		p.kill()
		check(t, c.data)
		p = start(t, c.data, c.catalog)
		p.awaitReady(t)
	}
	return p
}

// settle compares what a round has left with what it was answered, and sends
// again what was not.
func (c *crash) settle(t *testing.T, p *process, round int) {
	t.Helper()
	if round < 0 {
		return
	}
	c.compare(p.records(t, customer(round)), parties(round))
	again := c.connect(round, 0, *seed, p.api)
	for _, call := range c.unanswered {
		if !again.do(call) {
			t.Fatalf("the retry of a call was not answered: %s", p.log)
		}
	}
	c.unanswered = nil
	c.resolve(t, again)
	c.compare(p.records(t, customer(round)), parties(round))
}

// resolve looks for the registration tokens that a round's operator was given.
func (c *crash) resolve(t *testing.T, over *connection) {
	t.Helper()
	for _, minted := range c.tokens {
		out, err := over.client.ResolveCustomer(t.Context(), &marketplacemetering.ResolveCustomerInput{RegistrationToken: aws.String(minted)},
			func(o *marketplacemetering.Options) { o.Credentials = credential(sellerKey) })
		if err != nil || aws.ToString(out.CustomerIdentifier) != customer(over.round) {
			c.problem(&c.lost, "a registration token that was given is resolved as %+v, %v", out, err)
		}
	}
	c.minted += len(c.tokens)
	c.tokens = nil
}

// parties are what a round's records are of.
func parties(round int) map[string]bool {
	set := map[string]bool{customer(round): true, instance(round): true}
	for n := range tasks {
		set[task(round, n)] = true
	}
	return set
}

// loadUntilKilled has all connections call, and kills the process some time after
// its first answer.
func (c *crash) loadUntilKilled(p *process, round int) {
	var (
		running sync.WaitGroup
		first   sync.Once
		begun   = make(chan struct{})
	)
	for number := range connections {
		connection := c.connect(round, number, *seed, p.api)
		running.Go(func() { connection.run(func() { first.Do(func() { close(begun) }) }) })
	}
	running.Go(func() { c.operate(p, round) })
	select {
	case <-begun:
	case <-time.After(patience):
		c.wrong("nothing was answered within %v", patience)
	}
	time.Sleep(time.Duration(c.random.Int64N(int64(aliveMax))))
	p.kill()
	running.Wait()
	if p.log.Len() > 0 {
		c.wrong("meterd logged errors: %s", p.log)
	}
}

func (c *crash) report(t *testing.T, round int) {
	t.Helper()
	const shown = 10
	for i, problem := range c.problems {
		if i == shown {
			t.Errorf("and %d more", len(c.problems)-shown)
			break
		}
		t.Error(problem)
	}
	if t.Failed() {
		t.Fatalf("in round %d; run it again with -rounds=%d -seed=%d", round, *rounds, *seed)
	}
}

// registrationsLast: M0158, a container that was admitted once is known even if
// the agreement ends. So it shows who was, and nobody else is.
func (c *crash) registrationsLast(t *testing.T) {
	t.Helper()
	p := start(t, c.data, writeCatalog(t, *rounds, "status: ended, end: 2026-11-01T00:00:00Z"))
	p.awaitReady(t)
	client := newClient(p.api)
	register := func(accessKey string) error {
		_, err := client.RegisterUsage(t.Context(),
			&marketplacemetering.RegisterUsageInput{ProductCode: aws.String(container), PublicKeyVersion: aws.Int32(1)},
			func(o *marketplacemetering.Options) { o.Credentials = credential(accessKey) })
		return err
	}
	for key := range c.registered {
		if err := register(key); err != nil {
			t.Errorf("%s was admitted before: %v", key, err)
		}
	}
	if _, refused := errors.AsType[*types.CustomerNotEntitledException](register(taskKey(0, tasks-1))); !refused {
		t.Error("a container that was never admitted is known")
	}
	p.terminate(t)
	t.Logf("%d containers were admitted, %d registration tokens given", len(c.registered), c.minted)
	if c.minted == 0 {
		t.Error("no token was given; this test saw too little")
	}
}
