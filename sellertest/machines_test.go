package sellertest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/clock"
)

// machines is a stage of processes: the agent and the service, each with a disk
// of its own.
type machines struct {
	*testing.T
	dir   string
	clock *clock.Clock
	wires *network
	// proxy is where the agent finds the service, tower where it finds the time.
	proxy, tower *httptest.Server

	mu              sync.Mutex
	service, seller *process
}

const adminToken = "token-of-these-tests"

func newMachines(t *testing.T, rng *rand.Rand) *machines {
	m := &machines{T: t, dir: t.TempDir(), clock: new(clock.Clock)}
	m.wires = newNetwork(roundTripper(m.forward), rand.New(rand.NewPCG(rng.Uint64(), 0)))
	m.tower = httptest.NewServer(newTower(t, m.clock))
	m.proxy = httptest.NewServer(http.HandlerFunc(m.carry))
	m.writeConfig()
	t.Cleanup(func() {
		m.killAgent()
		m.killService()
		m.proxy.Close()
		m.tower.Close()
	})
	return m
}

func (m *machines) writeConfig() {
	config := fmt.Sprintf(`services: [{name: sandbox, endpoint: %q}]
products: [{code: prod-legacy, service: sandbox}, {code: %s, service: sandbox}]
`, m.proxy.URL, modernProduct)
	if err := os.WriteFile(filepath.Join(m.dir, "agent.yaml"), []byte(config), 0o600); err != nil {
		m.Fatal(err)
	}
}

func (m *machines) network() *network { return m.wires }

// carry is the proxy. A call that the network loses ends with the connection.
func (m *machines) carry(w http.ResponseWriter, r *http.Request) {
	response, err := m.wires.RoundTrip(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer response.Body.Close()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	io.Copy(w, response.Body)
}

// forward calls the service, by the name that the agent has signed.
func (m *machines) forward(r *http.Request) (*http.Response, error) {
	service := m.living(&m.service)
	if service == nil {
		return nil, errNobody
	}
	at, err := url.Parse(service.urls["api"])
	if err != nil {
		return nil, err
	}
	outgoing := r.Clone(r.Context())
	outgoing.RequestURI = ""
	outgoing.URL.Scheme, outgoing.URL.Host = at.Scheme, at.Host
	return http.DefaultTransport.RoundTrip(outgoing)
}

func (m *machines) living(p **process) *process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *p
}

func (m *machines) replace(p **process, by *process) (was *process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, *p = *p, by
	return was
}

func (m *machines) startAgent() {
	m.replace(&m.seller, start(m.T, m.dir, "agent",
		"--config", filepath.Join(m.dir, "agent.yaml"), "--data", filepath.Join(m.dir, "agent"),
		"--listen", "127.0.0.1:0", "--clock", m.tower.URL, "--log-level", "error"))
}

func (m *machines) startService() {
	m.replace(&m.service, start(m.T, m.dir, "serve",
		"--data", filepath.Join(m.dir, "service"), "--catalog", marketplaceFile,
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--admin-token", adminToken,
		"--clock", m.clock.Now().Format(time.RFC3339), "--log-level", "error"))
	m.steer(m.clock.Now())
}

func (m *machines) killAgent() { kill(m.replace(&m.seller, nil)) }

func (m *machines) killService() { kill(m.replace(&m.service, nil)) }

func kill(p *process) {
	if p != nil {
		p.kill()
	}
}

func (m *machines) agent() *caller { return m.callerOf(m.living(&m.seller), "agent", "") }

func (m *machines) admin() *caller { return m.callerOf(m.living(&m.service), "admin", adminToken) }

func (m *machines) callerOf(p *process, name, token string) *caller {
	if p == nil {
		return &caller{client: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errNobody })}}
	}
	return &caller{client: &http.Client{Timeout: patience}, base: p.urls[name], token: token}
}

// steer sets the tower, and the service if it lives.
func (m *machines) steer(now time.Time) {
	m.clock.Set(now)
	if m.living(&m.service) == nil {
		return
	}
	status, err := m.admin().call(http.MethodPut, admin.Prefix+"clock", map[string]any{"now": now.Format(time.RFC3339), "freeze": true}, nil)
	if err != nil || status != http.StatusOK {
		m.Fatal("setting the service's clock: ", status, errors.Unwrap(err))
	}
}
