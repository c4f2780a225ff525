package pgstore

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

const (
	// killRounds are lives of the child, each over the ledger of the last.
	killRounds = 6
	// killAfterMax is the longest life behind the child's first answer.
	killAfterMax = 150 * time.Millisecond
	// killWriters commit at the same time in the child, and as many in the
	// replica that lives on.
	killWriters = 6
	// killLease is so short that the shards of the dead are taken over.
	killLease = 250 * time.Millisecond
	// killKeys are the facts that the child and the other replica meet at.
	killKeys = 400

	childURL   = "METERD_TEST_CHILD_URL"
	childRound = "METERD_TEST_CHILD_ROUND"
)

// TestMain runs the child if this process is one.
func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		fmt.Fprintln(os.Stderr, "child:", liveUntilKilled(url, os.Getenv(childRound), os.Stdout))
		os.Exit(1)
	}
	os.Exit(pgtest.Main(m))
}

// killedRequest is what a writer of a round commits as its i-th, who being the
// child or the other replica. All can be derived from the numbers, so that the
// parent knows what must be there. Both tell of the same buyers, and contradict
// each other in some.
func killedRequest(who string, round, writer, i int) *store.Request {
	rng := rand.New(rand.NewPCG(uint64(round), uint64(i)))
	r := request()
	r.Call = fmt.Appendf(nil, "%s/%d/%d/%d", who, round, writer, i)
	for range 1 + rng.IntN(6) {
		f := testFact(rng.IntN(killKeys))
		f.Key.Subject = store.NameID(10 + round)
		if rng.IntN(10) == 0 {
			f.Detail = []byte(who)
		}
		r.Facts = append(r.Facts, f)
	}
	return r
}

// liveUntilKilled commits and reports each acknowledged request in one line:
// writer, number, call id, outcomes.
func liveUntilKilled(url, roundText string, acks io.Writer) error {
	round, err := strconv.Atoi(roundText)
	if err != nil {
		return err
	}
	s, err := Open(context.Background(), url, Config{Lease: killLease})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range killWriters {
		go func() {
			for i := 0; ; i++ {
				r := killedRequest("child", round, w, i)
				if err := s.Commit(context.Background(), r); err != nil {
					failed <- err
				}
				line := fmt.Appendf(nil, "%d %d %d ", w, i, r.CallID)
				for _, o := range outcomes(r) {
					line = append(line, '0'+byte(o))
				}
				// One write of a short line is not torn apart.
				if _, err := acks.Write(append(line, '\n')); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

// ack is a line of a child.
type ack struct {
	round, writer, i int
	call             store.CallID
	outcomes         string
}

// TestKillReplica kills a process that commits, at random moments, while another
// replica tells the same facts and contradicts some. What either was answered is
// there; what the dead one held is not in the way.
func TestKillReplica(t *testing.T) {
	url := pgtest.Database(t)
	s := mustOpen(t, url, Config{Lease: killLease})
	rng := rand.New(rand.NewPCG(20261122, 0))
	var acks []ack
	for round := range killRounds {
		stop := tellBeside(t, s, round)
		acks = append(acks, liveAndDie(t, url, round, time.Duration(rng.Int64N(int64(killAfterMax))))...)
		ours := stop()
		l := read(t, s)
		for _, r := range ours {
			if err := l.checkAnswer(r); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		for _, a := range acks {
			if err := a.check(l); err != nil {
				t.Fatalf("round %d: %+v: %v", round, a, err)
			}
		}
		if round == killRounds-1 && len(l.shards) > killRounds {
			t.Errorf("%d lives took %d shards; none was taken over", killRounds+1, len(l.shards))
		}
	}
	t.Logf("%d requests of killed replicas were acknowledged and are there", len(acks))
	if len(acks) < 100 {
		t.Errorf("only %d requests were acknowledged; this test saw too little", len(acks))
	}
}

// tellBeside commits in the replica that lives on, until stop is called.
func tellBeside(t *testing.T, s *Store, round int) (stop func() []*store.Request) {
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var done []*store.Request
	var wg sync.WaitGroup
	for w := range killWriters {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				r := killedRequest("other", round, w, i)
				if err := s.Commit(t.Context(), r); err != nil {
					t.Errorf("committing beside a replica that is killed: %v", err)
					return
				}
				mu.Lock()
				done = append(done, r)
				mu.Unlock()
			}
		})
	}
	return func() []*store.Request {
		cancel()
		wg.Wait()
		return done
	}
}

// liveAndDie runs a child and kills it a while after its first answer.
func liveAndDie(t *testing.T, url string, round int, after time.Duration) (acks []ack) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childURL+"="+url, fmt.Sprintf("%s=%d", childRound, round))
	var stderr bytes.Buffer
	child.Stderr = &stderr
	stdout, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		a := ack{round: round}
		if _, err := fmt.Sscan(lines.Text(), &a.writer, &a.i, &a.call, &a.outcomes); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		if acks = append(acks, a); len(acks) == 1 {
			time.AfterFunc(after, func() { child.Process.Kill() })
		}
	}
	child.Wait() // It was killed.
	if stderr.Len() > 0 {
		t.Errorf("the child of round %d ended by itself: %s", round, &stderr)
	}
	return acks
}

// check checks that the call is there as it was answered.
func (a ack) check(l *contents) error {
	r := killedRequest("child", a.round, a.writer, a.i)
	r.CallID = a.call
	c := l.calls[a.call]
	if len(c.Outcomes) != len(a.outcomes) {
		return fmt.Errorf("call %d of shard %d became %+v", a.call.Seq(), a.call.Shard(), c)
	}
	for i, f := range r.Facts {
		stands := l.facts[f.Key]
		d := store.Decision{Outcome: store.Outcome(a.outcomes[i] - '0'), Quantity: stands.Quantity, Call: stands.Call}
		r.Decisions = append(r.Decisions, d)
	}
	return l.checkAnswer(r)
}
