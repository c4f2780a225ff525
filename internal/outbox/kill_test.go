package outbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// rounds is how many worlds TestModel has, and how many lives the child of
// TestKill.
var rounds = flag.Int("rounds", 20, "rounds of the tests that crash")

const (
	// killLives are lives on the same outbox.
	killLives = 10
	// killAfterMax is the longest life. The shortest end before the child has
	// opened the outbox.
	killAfterMax = 200 * time.Millisecond
	// killWriters add at the same time in the child.
	killWriters = 4
	killBatch   = 10
	// killHour is how many batches of a writer make an hour.
	killHour = 8

	childDir   = "METERD_TEST_OUTBOX_DIR"
	childRound = "METERD_TEST_OUTBOX_ROUND"
)

// TestMain runs the child if this process is one.
func TestMain(m *testing.M) {
	flag.Parse()
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Fprintln(os.Stderr, "child:", liveUntilKilled(dir, os.Getenv(childRound), os.Stdout))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// killConfig makes logs, tables and checkpoints change all the time.
var killConfig = Config{MemTableBytes: 256 << 10}

// killedBatch is what a writer of a round adds as its n-th. Every third repeats
// half of the one before it.
func killedBatch(round, writer, n int) []Event {
	events := make([]Event, killBatch)
	for i := range events {
		m := n
		if n%3 == 2 && i%2 == 0 {
			m--
		}
		events[i] = event(fmt.Sprintf("%d/%d/%d/%d", round, writer, m, i), int64(1+i), killTime(m))
		events[i].Key = testKey(writer)
	}
	return events
}

// killTime lets an hour pass with every few batches.
func killTime(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour / killHour) }

// liveUntilKilled adds, freezes and settles, and reports each acknowledged batch
// in one line: writer and number.
func liveUntilKilled(dir, roundText string, acks io.Writer) error {
	round, err := strconv.Atoi(roundText)
	if err != nil {
		return err
	}
	o, err := Open(dir, killConfig)
	if err != nil {
		return err
	}
	o.checkpointAt = 500
	failed := make(chan error)
	for w := range killWriters {
		go func() {
			for n := 0; ; n++ {
				if _, err := o.Add(context.Background(), killedBatch(round, w, n), killTime(n)); err != nil {
					failed <- err
				}
				// One write of a short line is not torn apart.
				if _, err := acks.Write(fmt.Appendf(nil, "%d %d\n", w, n)); err != nil {
					failed <- err
				}
				if n%killHour == killHour-1 {
					if err := drain(o, killTime(n+1)); err != nil {
						failed <- err
					}
				}
			}
		}()
	}
	return <-failed
}

// drain freezes, and settles most of what is pending.
func drain(o *Outbox, now time.Time) error {
	ctx := context.Background()
	if _, err := o.Freeze(ctx, now, 0); err != nil {
		return err
	}
	var verdicts []Verdict
	for r, err := range o.Pending(ctx, now, 0) {
		if err != nil {
			return err
		}
		if r.ID.Hour%3 > 0 {
			verdicts = append(verdicts, Verdict{Record: r.ID, State: []State{Done, Dead}[r.ID.Hour%3-1]})
		}
	}
	// Another writer may have settled the same ones.
	if err := o.Settle(ctx, verdicts, now); !errors.Is(err, ErrState) {
		return err
	}
	return nil
}

// ack is a line of a child.
type ack struct{ round, writer, n int }

// TestKill kills a process at random moments, and looks for everything that was
// acknowledged.
func TestKill(t *testing.T) {
	rng := rand.New(rand.NewPCG(20261122, 0))
	batches, records := 0, 0
	for lives := *rounds; lives > 0; lives -= killLives {
		acks, frozen := killAgainAndAgain(t, min(lives, killLives), rng)
		batches, records = batches+acks, records+frozen
	}
	t.Logf("%d batches were acknowledged and are there, and %d records", batches, records)
	if batches < 10**rounds || records < *rounds {
		t.Errorf("only %d batches and %d records in %d rounds; this test saw too little", batches, records, *rounds)
	}
}

// killAgainAndAgain has some lives on one outbox, and returns how many batches
// were acknowledged and how many records seen.
func killAgainAndAgain(t *testing.T, lives int, rng *rand.Rand) (batches, records int) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "outbox")
	var acks []ack
	frozen := map[RecordID][]byte{}
	for life := range lives {
		acks = append(acks, liveAndDie(t, dir, life, life == lives-1, rng)...)
		checkAcks(t, dir, acks, frozen)
		if t.Failed() {
			t.Fatalf("in life %d", life)
		}
	}
	return len(acks), len(frozen)
}

// liveAndDie runs a child and kills it. The last one lives until its parent has
// met it.
func liveAndDie(t *testing.T, dir string, round int, last bool, rng *rand.Rand) []ack {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childRound, round))
	var stderr bytes.Buffer
	child.Stderr = &stderr
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { child.Process.Kill() }
	defer kill()
	if !last {
		defer time.AfterFunc(time.Duration(rng.Int64N(int64(killAfterMax))), kill).Stop()
	}
	var acks []ack
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		a := ack{round: round}
		if _, err := fmt.Sscan(lines.Text(), &a.writer, &a.n); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		acks = append(acks, a)
		if last && len(acks) == 400 {
			refuses(t, dir, ErrLocked)
			kill()
		}
	}
	child.Wait() // It was killed.
	if stderr.Len() > 0 {
		t.Errorf("the child of round %d ended by itself: %s", round, &stderr)
	}
	return acks
}

// checkAcks opens the outbox, checks that it adds up, that every acknowledged
// event is known and that records are what they were.
func checkAcks(t *testing.T, dir string, acks []ack, frozen map[RecordID][]byte) {
	t.Helper()
	o := mustOpen(t, dir, killConfig)
	before := sound(t, o)
	for _, a := range acks {
		add(t, o, killTime(a.n), Known, killedBatch(a.round, a.writer, a.n)...)
	}
	if after := sound(t, o); after != before {
		t.Errorf("known events changed %+v to %+v", before, after)
	}
	for _, r := range records(t, o, Filter{}) {
		now := appendFrozen(nil, &r)
		if then, ok := frozen[r.ID]; ok && !bytes.Equal(then, now) {
			t.Errorf("record %s was %x and is %x", r.ID, then, now)
		}
		frozen[r.ID] = now
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}
