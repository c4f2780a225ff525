package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seller is the two processes of a seller's test bench, both of which are killed
// and started again.
type seller struct {
	home, data, outbox string
	service, agent     *process
	api, agentAPI      string
}

// start starts both on what they kept.
func (s *seller) start(t *testing.T) {
	t.Helper()
	env := []string{"HOME=" + s.home, "AWS_EC2_METADATA_DISABLED=true"}
	var err error
	if s.service, s.api, _, err = startMeterd(s.home, filepath.Join(s.home, "dev.log"), env, "dev", "--data", s.data, "--listen", "127.0.0.1:0", "--log-level", "error"); err != nil {
		t.Fatal(err)
	}
	if s.agent, s.agentAPI, _, err = startMeterd(s.home, filepath.Join(s.home, "agent.log"), env, "agent", "--data", s.outbox, "--endpoint", s.api, "--product", "demo-saas", "--listen", "127.0.0.1:0"); err != nil {
		s.kill()
		t.Fatal(err)
	}
}

func (s *seller) kill() {
	for _, p := range []*process{s.service, s.agent} {
		if p != nil {
			p.Process.Kill()
			p.wait()
		}
	}
}

// send makes a request and returns the body of its answer.
func (s *seller) send(t *testing.T, method, url, body string) string {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	status, text := exchange(t, http.DefaultClient, r)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, url, status, text)
	}
	return text
}

// TestKilledAgentTellsOnce is the promise of the agent: an event that is posted
// twice, with kill -9 of agent and service after it, becomes one record.
func TestKilledAgentTellsOnce(t *testing.T) {
	s := &seller{home: t.TempDir(), data: filepath.Join(t.TempDir(), "ledger"), outbox: filepath.Join(t.TempDir(), "outbox")}
	s.start(t)
	t.Cleanup(func() { s.kill() })
	event := `{"id":"e1","customer":"cust-active","dimension":"users","quantity":5}`
	for range 2 {
		s.send(t, "POST", s.agentAPI+"/v1/events", event)
	}
	s.kill()
	s.start(t)
	s.send(t, "POST", s.agentAPI+"/v1/events", event)
	s.send(t, "PUT", s.api+"/_meterd/clock", `{"advance":"1h5m"}`)
	s.await(t, 1)
	s.kill()
	s.start(t)
	s.send(t, "PUT", s.api+"/_meterd/clock", `{"advance":"2h5m"}`)
	s.await(t, 1)

	var told struct {
		Records []struct{ Quantity int64 }
	}
	if err := json.Unmarshal([]byte(s.send(t, "GET", s.api+"/_meterd/records", "")), &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Records) != 1 || told.Records[0].Quantity != 5 {
		t.Errorf("the service has %+v, want one record of 5", told.Records)
	}
}

// await waits until the agent has a number of records and the service took all.
func (s *seller) await(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		text := s.send(t, "GET", s.agentAPI+"/v1/records", "")
		if strings.Count(text, `"state":"done"`) == want && strings.Count(text, `"state":`) == want {
			return
		}
	}
	t.Fatalf("the agent has %s", s.send(t, "GET", s.agentAPI+"/v1/records", ""))
}
