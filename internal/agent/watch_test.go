package agent

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// channel is where alerts go, such as one of Slack.
type channel struct {
	*httptest.Server
	mu       sync.Mutex
	messages []string
	// broken channels refuse messages.
	broken bool
}

func newChannel(t *testing.T) *channel {
	t.Helper()
	c := &channel{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var message struct{ Text string }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil || message.Text == "" {
			t.Errorf("a message that no channel takes: %v", err)
		}
		if c.broken {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		c.messages = append(c.messages, message.Text)
	}))
	t.Cleanup(c.Close)
	return c
}

// take returns the messages since the last time.
func (c *channel) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	messages := c.messages
	c.messages = nil
	return messages
}

func (c *channel) breaks(broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = broken
}

// newIdle opens an agent that does only what a test has it do, at noon.
func newIdle(t *testing.T, change func(*plan.Plan)) *Agent {
	t.Helper()
	p := plan.ForProduct("saas", "http://127.0.0.1:1")
	p.Data, p.Services[0].Region, p.Clock = t.TempDir(), "us-east-1", plan.ClockMachine
	change(p)
	a, err := Open(t.Context(), Config{Plan: p, Credentials: func(*plan.Service) aws.CredentialsProvider {
		return credentials.NewStaticCredentialsProvider("AKIDSELLER", secretKey, "")
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := a.clock.Scale(0); err != nil {
		t.Fatal(err)
	}
	a.clock.Set(noon)
	return a
}

// add counts five users of a customer now.
func (a *Agent) add(t *testing.T, id outbox.EventID) {
	t.Helper()
	now := a.clock.Now()
	event := outbox.Event{ID: id, Key: outbox.Key{Product: "saas", Customer: outbox.Customer{Identifier: "cust-1"}, Dimension: "users"}, Quantity: 5}
	if answers, err := a.outbox.Add(t.Context(), []outbox.Event{event}, now); err != nil || answers[0].Outcome != outbox.Accepted {
		t.Fatal(answers, err)
	}
}

// wantMessages compares the beginnings of messages.
func wantMessages(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range want {
		ok = ok && strings.HasPrefix(got[i], "meterd agent: "+want[i])
	}
	if !ok {
		t.Errorf("%s: told %q, want %q", what, got, want)
	}
}

func TestAlerts(t *testing.T) {
	c := newChannel(t)
	a := newIdle(t, func(p *plan.Plan) { p.Alerts.Webhook = c.URL })
	look := func(after time.Duration) []string {
		a.clock.Set(noon.Add(after))
		a.turn(t.Context())
		a.watch.look(t.Context())
		return c.take()
	}
	a.add(t, "e1")
	wantMessages(t, "at the hour's end", look(time.Hour+time.Minute))
	wantMessages(t, "an hour later", look(2*time.Hour+time.Minute))
	wantMessages(t, "then", look(2*time.Hour+2*time.Minute), "metering has not run: usage of 2026-11-22T12:00:00Z waits since 2026-11-22T13:01:00Z; unsent records: 1.")
	wantMessages(t, "soon after", look(2*time.Hour+3*time.Minute))
	wantMessages(t, "before the deadline", look(21*time.Hour+time.Minute), "deadline in 179 minutes: unsent records: 1, the first must be sent by 2026-11-23T12:00:00Z")
	wantMessages(t, "after it", look(24*time.Hour),
		"records that could not be sent before their deadline and are dead letters: 1", "dead letters that wait for a decision: 1", "well again: ", "well again: ")
	wantMessages(t, "and then", look(25*time.Hour))
}

// TestAlertsAreRepeated when their channel was away, and when time has passed.
func TestAlertsAreRepeated(t *testing.T) {
	c := newChannel(t)
	a := newIdle(t, func(p *plan.Plan) { p.Alerts.Webhook = c.URL })
	c.breaks(true)
	a.watch.refused("record refused: 5 of users")
	a.watch.look(t.Context())
	wantMessages(t, "while the channel is away", c.take())
	c.breaks(false)
	a.watch.look(t.Context())
	wantMessages(t, "right after that", c.take())
	a.watch.hook.rests = time.Now()
	a.watch.look(t.Context())
	wantMessages(t, "when it is back", c.take(), "record refused: 5 of users")
	for range refusedMax + 2 {
		a.watch.refused("record refused")
	}
	a.watch.look(t.Context())
	if got := c.take(); len(got) != 1 || !strings.HasSuffix(got[0], "\nand 2 more") {
		t.Errorf("%q", got)
	}
	a.mu.Lock()
	a.trouble = errors.New("the disk is gone")
	a.mu.Unlock()
	a.watch.look(t.Context())
	wantMessages(t, "in passing", c.take())
	a.watch.look(t.Context())
	wantMessages(t, "in trouble", c.take(), "usage is not being taken: the disk is gone")
	a.watch.told["trouble"] = time.Now().Add(-alertAgain)
	a.watch.look(t.Context())
	wantMessages(t, "an hour later", c.take(), "usage is not being taken: the disk is gone")
}

func TestSilence(t *testing.T) {
	c := newChannel(t)
	a := newIdle(t, func(p *plan.Plan) { p.Alerts.Webhook, p.Alerts.Silent = c.URL, time.Hour })
	a.watch.look(t.Context())
	wantMessages(t, "at the start", c.take())
	a.watch.heard.Store(time.Now().Add(-61 * time.Minute).UnixNano())
	a.watch.look(t.Context())
	wantMessages(t, "after an hour", c.take(), "no usage was told for 1h1m0s")
	a.watch.hear()
	a.watch.look(t.Context())
	wantMessages(t, "after an event", c.take(), "well again: no events")
}

// TestRefusedRecordIsTold has the whole way, from a refusal to the channel.
func TestRefusedRecordIsTold(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	w := newWorld(t, func(p *plan.Plan) { p.Alerts.Webhook = c.URL })
	w.post(t, `{"id":"e1","customer":"cust-pending","dimension":"users","quantity":5}`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.records(t, 1)
	var told []string
	w.eventually(t, "the channel is told", func() bool {
		told = append(told, c.take()...)
		return len(told) > 0
	})
	if !strings.HasPrefix(told[0], "meterd agent: record refused: 5 of users for cust-pending, 2026-11-22T12:00Z: CustomerNotSubscribed") {
		t.Errorf("%q", told)
	}
}
