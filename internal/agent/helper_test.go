package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/plan"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store/memstore"
)

// TestMain keeps the configuration of this machine out of the tests.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	os.Exit(m.Run())
}

// noon is where the clocks of these tests begin.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const (
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	licenseA  = "arn:aws:license-manager::111122223333:license:l-a"
	licenseB  = "arn:aws:license-manager::111122223333:license:l-b"
)

func market() marketplace.State {
	year := noon.AddDate(-1, 0, 0)
	dimensions := []marketplace.Dimension{{Key: "users"}, {Key: "gb"}}
	return marketplace.State{
		Settings: marketplace.DefaultSettings,
		Sellers: []marketplace.Seller{{
			Account:     "111122223333",
			Credentials: []marketplace.Credential{{AccessKeyID: "AKIDSELLER", SecretAccessKey: secretKey, User: "app"}},
			Products: []marketplace.Product{
				{Code: "saas", Kind: marketplace.SaaS, Mode: marketplace.Legacy, Dimensions: dimensions},
				{Code: "new", Kind: marketplace.SaaS, Mode: marketplace.Concurrent, Dimensions: dimensions},
			},
		}},
		Buyers: []marketplace.Buyer{
			{
				Account: "222233334444", CustomerIdentifier: "cust-1",
				Agreements: []marketplace.Agreement{
					{Product: "saas", LicenseArn: licenseA, Status: marketplace.Active, Start: year},
					{Product: "new", LicenseArn: licenseB, Status: marketplace.Active, Start: year},
				},
			},
			{
				Account: "333344445555", CustomerIdentifier: "cust-pending",
				Agreements: []marketplace.Agreement{{Product: "saas", LicenseArn: licenseA + "-2", Status: marketplace.Pending, Start: year}},
			},
		},
	}
}

// sandbox is the real service, over a ledger in memory, with its admin surface
// and a clock that stands still.
type sandbox struct {
	*httptest.Server
	ledger *ledger.Ledger
	clock  *clock.Clock
	real   http.Handler

	mu sync.Mutex
	// broken, if set, answers instead of the API.
	broken http.HandlerFunc
	// bodies are those of all calls.
	bodies []string
}

func newSandbox(t testing.TB) *sandbox {
	t.Helper()
	c := new(clock.Clock)
	if err := c.Scale(0); err != nil {
		t.Fatal(err)
	}
	c.Set(noon)
	l, err := ledger.Open(t.Context(), ledger.Config{Store: memstore.New(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Apply(t.Context(), market()); err != nil {
		t.Fatal(err)
	}
	s := &sandbox{ledger: l, clock: c, real: server.New(server.Config{Ledger: l})}
	operator := admin.New(admin.Config{Ledger: l})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if admin.Owns(r.URL.Path) {
			operator.ServeHTTP(w, r)
			return
		}
		s.take(t, r)(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// take notes a call and returns who answers it.
func (s *sandbox) take(t testing.TB, r *http.Request) http.HandlerFunc {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(body))
	if s.broken != nil {
		return s.broken
	}
	return s.real.ServeHTTP
}

// calls are the bodies of the calls until now.
func (s *sandbox) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

// breakWith has a handler answer instead of the API; nil mends it.
func (s *sandbox) breakWith(handler http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = handler
}

// accepted are the quantities that the ledger holds, by hour, buyer and
// dimension.
func (s *sandbox) accepted(t testing.TB) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for r, err := range s.ledger.Records(t.Context(), ledger.RecordFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		found[r.Hour.Format("15")+" "+string(r.Buyer)+" "+string(r.Dimension)] = r.Quantity
	}
	return found
}

// world is an agent with its sandbox.
type world struct {
	*sandbox
	agent *Agent
	api   *httptest.Server
	plan  *plan.Plan
	stop  func()
}

// newWorld starts an agent for the product saas; change adjusts its plan.
func newWorld(t testing.TB, change func(*plan.Plan)) *world {
	t.Helper()
	s := newSandbox(t)
	w := &world{sandbox: s, plan: plan.ForProduct("saas", s.URL)}
	w.plan.Data, w.plan.Services[0].Region = t.TempDir(), "us-east-1"
	w.plan.Services[0].Rate = 1000
	w.plan.Clock = s.URL
	if change != nil {
		change(w.plan)
	}
	w.start(t)
	return w
}

// start opens the agent and has it run.
func (w *world) start(t testing.TB) {
	t.Helper()
	a, err := Open(t.Context(), Config{
		Plan: w.plan,
		Credentials: func(*plan.Service) aws.CredentialsProvider {
			return credentials.NewStaticCredentialsProvider("AKIDSELLER", secretKey, "")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	w.agent, w.api = a, httptest.NewServer(a)
	w.stop = sync.OnceFunc(func() {
		w.api.Close()
		cancel()
		running.Wait()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.stop)
	w.eventually(t, "the agent is ready", func() bool {
		status, _ := w.call(t, "GET", "/ready", "", "")
		return status == http.StatusOK
	})
}

// call makes a request to the agent and returns status and body.
func (w *world) call(t testing.TB, method, path, contentType, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.api.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// get reads a JSON answer.
func get[T any](t testing.TB, w *world, path string) (value T) {
	t.Helper()
	status, body := w.call(t, "GET", path, "", "")
	if err := json.Unmarshal([]byte(body), &value); err != nil || status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, status, body)
	}
	return value
}

// post tells events and returns the receipt.
func (w *world) post(t testing.TB, body string) (receipt Receipt) {
	t.Helper()
	status, text := w.call(t, "POST", "/v1/events", "application/json", body)
	if err := json.Unmarshal([]byte(text), &receipt); err != nil || status != receipt.status() {
		t.Fatalf("POST %s: %d %s", body, status, text)
	}
	return receipt
}

// moveTo sets the sandbox's clock and has the agent follow.
func (w *world) moveTo(t testing.TB, to time.Time) {
	t.Helper()
	w.clock.Set(to)
	if err := w.agent.follower.follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.agent.clock.Now(); !got.Equal(to) {
		t.Fatalf("the agent's clock shows %s, want %s", got, to)
	}
}

// eventually waits for something that takes the agent's turns.
func (w *world) eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within half a minute", what)
		}
	}
}

// records waits until no record is pending and returns all.
func (w *world) records(t testing.TB, want int) []Record {
	t.Helper()
	var list listed
	w.eventually(t, "all records have a verdict", func() bool {
		list = get[listed](t, w, "/v1/records")
		for _, r := range list.Records {
			if r.State == "pending" {
				return false
			}
		}
		return len(list.Records) == want
	})
	return list.Records
}
