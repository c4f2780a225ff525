package recorder

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/meterd/meterd/client"
)

const (
	// killRounds are lives of the child, each in the directory of the last.
	killRounds = 8
	// killAfterMax is the longest life. The shortest end before the child has
	// opened the recorder.
	killAfterMax = 300 * time.Millisecond
	// killCustomers get killAmount each in every flush.
	killCustomers = 20
	killAmount    = 7

	childDir  = "METERD_TEST_RECORDER_DIR"
	childLife = "METERD_TEST_RECORDER_LIFE"
)

// liveUntilKilled counts, and reports each flush in a line of its own. Nothing
// is flushed in between. Each flush is followed by an event, reported as well.
func liveUntilKilled(dir string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	ctx := context.Background()
	c, err := client.New(ctx, client.Config{Endpoint: "http://127.0.0.1:1", APIKey: "none"})
	if err != nil {
		fail(err)
	}
	r, err := Open(ctx, Config{Dir: dir, Product: "demo-saas", Client: c, Interval: IntervalMax})
	if err != nil {
		fail(err)
	}
	for n := 0; ; n++ {
		for i := range killCustomers {
			for range killAmount {
				if err := r.Add(ctx, Customer{AWSAccountID: fmt.Sprintf("%012d", i)}, "users", 1); err != nil {
					fail(err)
				}
			}
		}
		if err := r.Flush(ctx); err != nil {
			fail(err)
		}
		fmt.Println("flushed", n)
		if err := r.AddEvent(ctx, killEvent(os.Getenv(childLife), n)); err != nil {
			fail(err)
		}
		fmt.Println("event", n)
	}
}

func killEvent(life string, n int) Event {
	return Event{ID: fmt.Sprintf("%s/%d", life, n), Customer: subscriber, Dimension: "users", Quantity: 1}
}

// TestKill kills a process at random moments. What was flushed is there exactly
// once; the flush that was under way is there as a whole or not at all, and so
// is the event.
func TestKill(t *testing.T) {
	rng := rand.New(rand.NewPCG(20261122, 6))
	dir := filepath.Join(t.TempDir(), "metering")
	flushed, events := 0, 0
	for life := range killRounds {
		f, e := liveAndDie(t, dir, life, rng)
		flushed, events = flushed+f, events+e
		// What is added again is known, or had been lost with its answer.
		r := open(t, Config{Dir: dir})
		for n := range e + 1 {
			if err := r.AddEvent(t.Context(), killEvent(strconv.Itoa(life), n)); err != nil {
				t.Fatal(err)
			}
		}
		events++
		mustClose(t, r)
		const whole = killCustomers * killAmount
		usage := int(onDisk(t, dir).Told) - events
		if usage != flushed*whole && usage != (flushed+1)*whole {
			t.Fatalf("life %d: %d are on the disk, %d flushes of %d were reported", life, usage, flushed, whole)
		}
		flushed = usage / whole
	}
	t.Logf("%d flushes and %d events are there", flushed, events)
	if flushed < 20 {
		t.Errorf("only %d flushes; this test saw too little", flushed)
	}
}

// liveAndDie runs a child, kills it, and returns how many flushes and events it
// has reported.
func liveAndDie(t *testing.T, dir string, life int, rng *rand.Rand) (flushed, events int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childLife, life))
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
	after := time.Duration(rng.Int64N(int64(killAfterMax)))
	last := life == killRounds-1
	if !last {
		defer time.AfterFunc(after, kill).Stop()
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		switch {
		case bytes.HasPrefix(lines.Bytes(), []byte("flushed")):
			flushed++
		case bytes.HasPrefix(lines.Bytes(), []byte("event")):
			events++
		}
		if last && flushed == 40 {
			kill()
		}
	}
	child.Wait() // It was killed.
	if bytes.Contains(stderr.Bytes(), []byte("child:")) {
		t.Errorf("the child of life %d ended by itself: %s", life, &stderr)
	}
	return flushed, events
}
