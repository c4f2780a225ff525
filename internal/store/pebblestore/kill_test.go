package pebblestore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/store"
)

const (
	// killRounds are lives of the child, each on the ledger of the last.
	killRounds = 10
	// killAfterMax is the longest life. The shortest end before the child has
	// opened the ledger.
	killAfterMax = 150 * time.Millisecond
	// killWriters commit at the same time in the child.
	killWriters = 8
	// killMemTable is so small that logs and tables change all the time.
	killMemTable = 256 << 10
	// killSegment is so small that facts are indexed all the time.
	killSegment = 1000

	// fatalAfter is how many calls a child acknowledges before its disk fails.
	fatalAfter = 50

	childDir   = "METERD_TEST_CHILD_DIR"
	childRound = "METERD_TEST_CHILD_ROUND"
	childFault = "METERD_TEST_CHILD_FAULT"
)

// TestMain runs the child if this process is one.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Fprintln(os.Stderr, "child:", liveUntilKilled(dir, os.Getenv(childRound), os.Getenv(childFault), os.Stdout))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// killedRequest is what a writer of a round commits as its i-th. All can be
// derived from the three numbers, so that the parent knows what must be there.
// Every third repeats facts of the one before it.
func killedRequest(round, writer, i int, name store.NameID) *store.Request {
	r := &store.Request{At: testNow, Call: fmt.Appendf(nil, "%d/%d/%d", round, writer, i)}
	n := i
	if i%3 == 2 {
		n--
	}
	for j := range 1 + n%7 {
		f := testFact(j)
		f.Key.Hour = store.Hour(n)
		f.Key.Scope, f.Key.Subject = store.NameID(round), store.NameID(writer)
		f.Key.Dimension = name
		f.Detail = bytes.Repeat([]byte{byte(n)}, n%50)
		r.Facts = append(r.Facts, f)
	}
	return r
}

// killedName is interned by each request before it uses its id.
func killedName(round, i int) string {
	return fmt.Sprintf("name of request %d in round %d", i/3, round)
}

// liveUntilKilled commits and reports each acknowledged request in one line:
// writer, number, name id, call id.
func liveUntilKilled(dir, roundText, faultName string, acks io.Writer) error {
	round, err := strconv.Atoi(roundText)
	if err != nil {
		return err
	}
	var calls atomic.Int64
	cfg := Config{
		MemTableBytes: killMemTable,
		segmentFacts:  killSegment,
		Logger:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if fatal, ok := fatalFaults[faultName]; ok {
		cfg.fs = &faultyFS{FS: vfs.Default, fate: func(w write) fault {
			if calls.Load() >= fatalAfter && fatal.match(w) {
				return fatal.fault
			}
			return fine
		}}
	}
	s, err := Open(dir, cfg)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range killWriters {
		go func() {
			for i := 0; ; i++ {
				id := make([]store.NameID, 1)
				if err := s.Intern(context.Background(), []string{killedName(round, i)}, id); err != nil {
					failed <- err
				}
				r := killedRequest(round, w, i, id[0])
				if err := s.Commit(context.Background(), r); err != nil {
					failed <- err
				}
				// One write of a short line is not torn apart.
				if _, err := acks.Write(fmt.Appendf(nil, "%d %d %d %d\n", w, i, id[0], r.CallID)); err != nil {
					failed <- err
				}
				calls.Add(1)
			}
		}()
	}
	return <-failed
}

// ack is a line of a child.
type ack struct {
	round, writer, i int
	name             store.NameID
	call             store.CallID
}

// TestKill kills a process that commits, at random moments, and looks for
// everything that was acknowledged.
func TestKill(t *testing.T) {
	rng := rand.New(rand.NewPCG(20261122, 0))
	dir := filepath.Join(t.TempDir(), "ledger")
	var acks []ack
	for round := range killRounds {
		acks = append(acks, liveAndDie(t, dir, round, rng)...)
		checkAcks(t, dir, acks)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	t.Logf("%d requests were acknowledged and are there", len(acks))
	if len(acks) < 100 {
		t.Errorf("only %d requests were acknowledged; this test saw too little", len(acks))
	}
}

// liveAndDie runs a child and kills it. The last one lives until the parent has
// met it.
func liveAndDie(t *testing.T, dir string, round int, rng *rand.Rand) []ack {
	t.Helper()
	child, lines, stderr := startChild(t, dir, round, "")
	kill := func() { child.Process.Kill() }
	last := round == killRounds-1
	if !last {
		defer time.AfterFunc(time.Duration(rng.Int64N(int64(killAfterMax))), kill).Stop()
	}
	acks := readAcks(t, lines, round, func(n int) {
		if last && n == 100 {
			refuses(t, dir, ErrLocked)
			kill()
		}
	})
	child.Wait() // It was killed.
	if stderr.Len() > 0 {
		t.Errorf("the child of round %d ended by itself: %s", round, stderr)
	}
	return acks
}

func startChild(t *testing.T, dir string, round int, fault string) (*exec.Cmd, io.Reader, *bytes.Buffer) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childRound, round), childFault+"="+fault)
	var stderr bytes.Buffer
	child.Stderr = &stderr
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Process.Kill() })
	return child, stdout, &stderr
}

// readAcks reads what a child acknowledges until its end, and calls seen after
// each with their number.
func readAcks(t *testing.T, stdout io.Reader, round int, seen func(n int)) []ack {
	t.Helper()
	var acks []ack
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		a := ack{round: round}
		if _, err := fmt.Sscan(lines.Text(), &a.writer, &a.i, &a.name, &a.call); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		acks = append(acks, a)
		seen(len(acks))
	}
	return acks
}

// fatalFaults are troubles with the disk that Pebble does not survive.
var fatalFaults = map[string]struct {
	match func(write) bool
	fault fault
}{
	"the list of files cannot be written":            {write.isManifest, notDone},
	"the list of files is said not to be written":    {write.isManifest, doneButFailed},
	"the list of files is torn":                      {write.isManifest, torn},
	"a new log cannot be made":                       {write.isNewLog, notDone},
	"a new log is said not to be made, though it is": {write.isNewLog, doneButFailed},
}

// TestProcessEndsRatherThanLosing: where Pebble cannot go on, the process ends by
// itself and loses nothing that was acknowledged.
func TestProcessEndsRatherThanLosing(t *testing.T) {
	for fault := range fatalFaults {
		t.Run(fault, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ledger")
			child, lines, stderr := startChild(t, dir, 0, fault)
			acks := readAcks(t, lines, 0, func(int) {})
			if err := child.Wait(); err == nil || !strings.Contains(stderr.String(), errorfs.ErrInjected.Error()) {
				t.Errorf("the child ended with %v and said %s", err, stderr)
			}
			if len(acks) < fatalAfter {
				t.Errorf("%d calls were acknowledged, the disk failed after %d", len(acks), fatalAfter)
			}
			checkAcks(t, dir, acks)
		})
	}
}

// checkAcks opens the ledger and looks for all that was acknowledged. That what
// was not is there as a whole or not at all is for contents to check.
func checkAcks(t *testing.T, dir string, acks []ack) {
	t.Helper()
	s, err := Open(dir, Config{MemTableBytes: killMemTable, segmentFacts: killSegment})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	facts, calls, err := contents(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range acks {
		if err := a.check(s, facts, calls); err != nil {
			t.Fatalf("%+v: %v", a, err)
		}
	}
}

// check checks that the call is there with its facts and the name they use.
func (a ack) check(s *Store, facts map[store.Key]store.Fact, calls []store.Call) error {
	if a.call == 0 || a.call > store.CallID(len(calls)) {
		return errors.New("the call is lost")
	}
	want, call := killedRequest(a.round, a.writer, a.i, a.name), calls[a.call-1]
	if !bytes.Equal(call.Entry, want.Call) || len(call.Outcomes) != len(want.Facts) {
		return fmt.Errorf("the call became %q with %d outcomes", call.Entry, len(call.Outcomes))
	}
	name, ok, err := s.Name(context.Background(), a.name)
	if err != nil || !ok || name != killedName(a.round, a.i) {
		return fmt.Errorf("the name became %q (%t, %v)", name, ok, err)
	}
	outcome := store.Created
	if a.i%3 == 2 {
		outcome = store.Same
	}
	for i, f := range want.Facts {
		got, ok := facts[f.Key]
		if !ok || got.Quantity != f.Quantity || !bytes.Equal(got.Detail, f.Detail) {
			return fmt.Errorf("fact %d became %+v (%t)", i, got, ok)
		}
		if call.Outcomes[i] != outcome || (got.Call == a.call) != (outcome == store.Created) {
			return fmt.Errorf("fact %d was decided %v, and was told by call %d", i, call.Outcomes[i], got.Call)
		}
	}
	return nil
}
