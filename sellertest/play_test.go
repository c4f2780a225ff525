package sellertest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/agent"
	"github.com/meterd/meterd/internal/outbox"
)

// play is a story while it is played.
type play struct{ *world }

// verbs are the words that a line can begin with.
var verbs = map[string]func(*play, line) error{
	"now": (*play).moveTo, "wait": (*play).wait, "post": (*play).tell, "network": (*play).trouble,
	"kill": (*play).end, "start": (*play).begin, "close": (*play).closeCustomer,
	"billed": (*play).bills, "letters": (*play).letters, "pending": (*play).waits,
	"redrive": (*play).decide, "discard": (*play).decide,
}

func (p *play) do(l line) error {
	verb := verbs[l.words[0]]
	if verb == nil {
		return errors.New("no such verb")
	}
	return verb(p, l)
}

// minutes is how scripts write times.
const minutes = "2006-01-02T15:04"

// time reads a time, which may leave out its day and its zone.
func (p *play) time(text string) (time.Time, error) {
	if !strings.Contains(text, "T") {
		text = p.now.Format(time.DateOnly) + "T" + text
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	return time.Parse(minutes, text)
}

// afterwards is how long everybody has to act on a new time: some turns of the
// agent, and a first attempt of what it sends.
const afterwards = 5 * time.Second

// moveTo sets the clocks, and waits until a living agent has seen that and acted.
func (p *play) moveTo(l line) error {
	now, err := p.time(l.words[1])
	if err != nil {
		return err
	}
	p.setClock(now)
	defer time.Sleep(afterwards)
	return p.eventually(func() error {
		var status agent.Status
		code, err := p.agent().call(http.MethodGet, "/v1/status", nil, &status)
		if errors.Is(err, errNobody) {
			return nil
		}
		if err != nil || code != http.StatusOK || !status.Now.Equal(now) {
			return fmt.Errorf("the agent's clock: %d %v %s", code, err, status.Now)
		}
		return nil
	})
}

func (p *play) wait(l line) error {
	d, err := time.ParseDuration(l.words[1])
	time.Sleep(d)
	return err
}

// eventually waits until something has no error.
func (p *play) eventually(is func() error) error {
	var err error
	for end := time.Now().Add(15 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
		if err = is(); err == nil {
			return nil
		}
	}
	return err
}

// customer is who a name of a script means: l-a and its like are licences.
func customer(name string) (event, error) {
	for _, c := range customers {
		if c.Customer == name || name != "" && strings.HasSuffix(c.License, ":"+name) {
			return c, nil
		}
	}
	return event{}, fmt.Errorf("there is no customer %s", name)
}

// nameOf is the script's name for the customer of a key.
func nameOf(k agent.Key) string {
	if k.License != "" {
		return string(k.License[strings.LastIndex(string(k.License), ":")+1:])
	}
	return string(k.Identifier)
}

// tell posts one event: ID WHO DIMENSION QUANTITY [at TIME].
func (p *play) tell(l line) error {
	e, err := customer(l.words[2])
	if err != nil {
		return err
	}
	e.ID, e.Dimension = l.words[1], l.words[3]
	if e.Quantity, err = strconv.ParseInt(l.words[4], 10, 64); err != nil {
		return err
	}
	if len(l.words) > 6 {
		at, err := p.time(l.words[6])
		if err != nil {
			return err
		}
		e.Time = &at
	}
	var receipt agent.Receipt
	status, err := p.agent().call(http.MethodPost, "/v1/events", e, &receipt)
	got := fmt.Sprint(status, " ", err)
	switch {
	case err != nil:
	case receipt.Accepted == 1:
		got = "accepted"
		p.books.acknowledged[e.ID] = e
	case receipt.Known == 1:
		got = "known"
	case receipt.Refused == 1:
		got = "refused " + string(receipt.Refusals[0].Reason)
	}
	return want(l, got)
}

func want(l line, got string) error {
	if want := strings.Join(l.want, " "); got != want {
		return fmt.Errorf("want %q, got %q", want, got)
	}
	return nil
}

// trouble says what the network does: to the next call, or until it is up.
func (p *play) trouble(l line) error {
	name := strings.Join(l.words[1:], " ")
	switch name {
	case "down":
		p.network().setDown(true)
		return nil
	case "up":
		p.network().setDown(false)
		return nil
	}
	for f := nothing; f < faults; f++ {
		if f.String() == name {
			p.network().strike(f)
			return nil
		}
	}
	return errors.New("no such trouble")
}

func (p *play) end(l line) error {
	if l.words[1] == "service" {
		p.killService()
	} else {
		p.killAgent()
	}
	return nil
}

func (p *play) begin(l line) error {
	if l.words[1] == "service" {
		p.startService()
		return nil
	}
	p.startAgent()
	return p.eventually(func() error {
		status, err := p.agent().call(http.MethodGet, "/ready", nil, nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("the agent is not ready: %d", status)
		}
		return err
	})
}

func (p *play) closeCustomer(l line) error {
	var closed agent.Closed
	status, err := p.agent().call(http.MethodPost, "/v1/customers/"+l.words[1]+"/close", struct{}{}, &closed)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%d %w", status, err)
	}
	return want(l, fmt.Sprintf("%d records", closed.Records))
}

// bills compares all that the service has with the indented lines.
func (p *play) bills(l line) error {
	return p.eventually(func() error {
		var got []string
		for _, r := range p.billed() {
			at := billedSlot(&r)
			got = append(got, entry(at.key, r.Quantity, at.hour))
		}
		return sameLines(l.inner, got)
	})
}

// letters compares the dead letters with the indented lines. Behind the cause,
// "in doubt" says that the record may have been billed.
func (p *play) letters(l line) error {
	return p.eventually(func() error {
		var got []string
		for _, r := range p.agentRecords() {
			if r.State != outbox.Dead {
				continue
			}
			text := entry(r.Key, r.Quantity, r.Hour) + " " + string(r.Cause)
			if strings.Contains(r.Detail, "may have been billed") {
				text += " in doubt"
			}
			got = append(got, text)
		}
		return sameLines(l.inner, got)
	})
}

func (p *play) waits(l line) error {
	return p.eventually(func() error {
		var status agent.Status
		p.ask(p.agent(), "/v1/status", &status)
		return want(l, fmt.Sprint(status.Pending))
	})
}

// entry is how a record stands in a script.
func entry(k agent.Key, quantity int64, hour time.Time) string {
	return fmt.Sprintf("%s %s %d at %s", nameOf(k), k.Dimension, quantity, hour.UTC().Format(minutes))
}

func sameLines(want, got []string) error {
	want, got = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	if !slices.Equal(want, got) {
		return fmt.Errorf("want\n\t%s\ngot\n\t%s", strings.Join(want, "\n\t"), strings.Join(got, "\n\t"))
	}
	return nil
}

// decide has ada redrive or discard the only dead letter: [confirm].
func (p *play) decide(l line) error {
	for _, r := range p.agentRecords() {
		if r.State != outbox.Dead {
			continue
		}
		body := map[string]any{"who": "ada", "why": "a script says so", "confirm": len(l.words) > 1}
		var decided agent.Decided
		status, err := p.agent().call(http.MethodPost, "/v1/dead-letters/"+r.ID+"/"+l.words[0], body, &decided)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return want(l, fmt.Sprint(status))
		}
		return want(l, string(decided.Action))
	}
	return errors.New("there is no dead letter")
}
