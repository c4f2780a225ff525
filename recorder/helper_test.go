package recorder

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/outbox"
)

// TestMain runs the child of TestKill if this process is one.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		liveUntilKilled(dir)
		os.Exit(1)
	}
	// The configuration of this machine is none of the tests' business.
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Exit(m.Run())
}

var (
	subscriber = Customer{Identifier: "cust-active"}
	pending    = Customer{Identifier: "cust-pending"}
)

const subscriberAccount = "222233334444"

// nowhere is a client that reaches nobody.
func nowhere(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.New(context.Background(), client.Config{Endpoint: "http://127.0.0.1:1", APIKey: "none"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// open opens a recorder that flushes only when it is asked to, unless cfg says
// otherwise, and closes it in the end.
func open(t testing.TB, cfg Config) *Recorder {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	if cfg.Client == nil {
		cfg.Client = nowhere(t)
	}
	if cfg.Product == "" {
		cfg.Product = "demo-saas"
	}
	if cfg.Interval == 0 {
		cfg.Interval = IntervalMax
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	r, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel() // What a test has not closed may not be closable.
		if err := r.Close(ended); err != nil && !errors.Is(err, ErrClosed) && !t.Failed() {
			t.Logf("closing: %v", err)
		}
	})
	return r
}

func mustClose(t testing.TB, r *Recorder) {
	t.Helper()
	if err := r.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func mustFlush(t testing.TB, r *Recorder) {
	t.Helper()
	if err := r.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func mustAdd(t testing.TB, r *Recorder, c Customer, dimension string, n int64) {
	t.Helper()
	if err := r.Add(context.Background(), c, dimension, n); err != nil {
		t.Fatal(err)
	}
}

func mustCounter(t testing.TB, r *Recorder, c Customer, dimension string, tags ...Tag) *Counter {
	t.Helper()
	counter, err := r.Counter(c, dimension, tags...)
	if err != nil {
		t.Fatal(err)
	}
	return counter
}

// onDisk is what the outbox of a closed recorder holds. It has to add up.
func onDisk(t testing.TB, dir string) outbox.Totals {
	t.Helper()
	o, err := outbox.Open(dir, outbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	return sound(t, o)
}

func sound(t testing.TB, o *outbox.Outbox) outbox.Totals {
	t.Helper()
	report, err := o.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	return report.Totals
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s still not: %s", what)
		}
	}
}

// logged collects what a recorder logs.
type logged struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes.Write(b)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
