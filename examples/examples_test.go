package examples

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/notrun"
)

// untilBilled waits until the service has accepted exactly these quantities, by
// dimension.
func untilBilled(t *testing.T, service string, want map[string]int64) {
	t.Helper()
	var got map[string]int64
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var list []struct {
			Dimension string
			Quantity  int64
		}
		out := meterd(t, service, "records", "--output", "json")
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			t.Fatalf("reading %s: %v", out, err)
		}
		got = map[string]int64{}
		for _, r := range list {
			got[r.Dimension] += r.Quantity
		}
		if cmp.Equal(want, got) {
			return
		}
	}
	t.Fatalf("the service has accepted %v, not %v", got, want)
}

func expect(t *testing.T, method, url string, want int) string {
	t.Helper()
	status, body := request(t, method, url)
	if status != want {
		t.Errorf("%s %s: %d, want %d: %s", method, url, status, want, body)
	}
	return body
}

// TestWebapp uses the application, ends it in order and by force, and looks for
// what was used at the service.
func TestWebapp(t *testing.T) {
	t.Parallel()
	service, metering := dev(t), filepath.Join(t.TempDir(), "metering")
	var app *process
	restart := func() {
		app = start(t, `^webapp ready (\S+)`, environment(service), "webapp", "-listen", "127.0.0.1:0", "-metering", metering)
	}
	restart()
	for range 5 {
		expect(t, "GET", app.address+"/export", http.StatusOK)
	}
	expect(t, "POST", app.address+"/users/ada", http.StatusCreated)
	app.signal(t, syscall.SIGTERM) // Nothing is lost.

	restart()
	expect(t, "POST", app.address+"/users/ada", http.StatusCreated) // a form posted twice
	expect(t, "POST", app.address+"/users/bob", http.StatusCreated)
	app.signal(t, syscall.SIGKILL) // What was durable is not lost.

	restart()
	expect(t, "GET", app.address+"/export", http.StatusOK)
	if text := expect(t, "GET", app.address+"/metering", http.StatusOK); !strings.Contains(text, `"OpenHours":2`) {
		t.Errorf("the status is %s", text)
	}
	expect(t, "POST", app.address+"/cancelled", http.StatusOK)
	untilBilled(t, service, map[string]int64{"gb": 6, "users": 2})
}

// nodeMajorMin is the oldest Node with fetch.
const nodeMajorMin = 18

func modernNode() (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", err
	}
	version, err := exec.Command(node, "--version").Output()
	if err != nil {
		return "", err
	}
	var major int
	if _, err := fmt.Sscanf(string(version), "v%d.", &major); err != nil || major < nodeMajorMin {
		return "", fmt.Errorf("node is %s, it must be %d or newer", strings.TrimSpace(string(version)), nodeMajorMin)
	}
	return node, nil
}

// TestNode posts from Node to an agent that is killed in between.
func TestNode(t *testing.T) {
	t.Parallel()
	node, err := modernNode()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the Node application cannot run: ", err)
		}
		notrun.Skip(t, "the Node application was not tried with an agent: %v", err)
	}
	service, data := dev(t), filepath.Join(t.TempDir(), "outbox")
	agentOn := func(listen string) *process {
		return start(t, `^meterd ready agent=(\S+)`, environment(service),
			"meterd", "agent", "--data", data, "--product", "demo-saas", "--endpoint", service, "--listen", listen)
	}
	agent := agentOn("127.0.0.1:0")
	app := start(t, `^node ready (\S+)`, environment(service, "METERING_AGENT="+agent.address, "PORT=0"), node, "node/app.js")
	for _, name := range []string{"ada", "bob", "ada"} {
		expect(t, "POST", app.address+"/users/"+name, http.StatusCreated)
	}
	agent.signal(t, syscall.SIGKILL)
	added := make(chan int)
	go func() {
		status, _ := request(t, "POST", app.address+"/users/cleo")
		added <- status
	}()
	agentOn(strings.TrimPrefix(agent.address, "http://"))
	if status := <-added; status != http.StatusCreated {
		t.Errorf("a user was added while the agent was away: %d", status)
	}
	meterd(t, service, "clock", "advance", "2h")
	untilBilled(t, service, map[string]int64{"users": 3})
}

// asTask are the credentials of the demo's task on ECS.
var asTask = []string{"AWS_ACCESS_KEY_ID=AKIAMETERDDEMO000011", "AWS_SECRET_ACCESS_KEY=meterd-demo-secret-of-the-ecs-task"}

func TestContainer(t *testing.T) {
	t.Parallel()
	service := dev(t)
	key := filepath.Join(t.TempDir(), "key.pem")
	writeFile(t, key, meterd(t, service, "catalog", "public-key", "--product", "demo-container"))
	out, err := run(t, environment(service, asTask...), "container", "-key", key)
	if err != nil || !strings.Contains(out, "container entitled") {
		t.Errorf("a buyer's container does not start: %s %v", out, err)
	}

	// Somebody else's key: the answer did not come from AWS.
	other := filepath.Join(t.TempDir(), "key.pem")
	writeFile(t, other, meterd(t, dev(t), "catalog", "public-key", "--product", "demo-container"))
	if out, err := run(t, environment(service, asTask...), "container", "-key", other); err == nil || !strings.Contains(err.Error(), "verifying registration") {
		t.Errorf("an answer with a foreign signature was taken: %s %v", out, err)
	}
}

// TestContainerWithoutSubscription: the container must not run.
func TestContainerWithoutSubscription(t *testing.T) {
	t.Parallel()
	const active = "{product: demo-container, status: active, start: 2026-01-01T00:00:00Z}"
	ended := strings.Replace(catalog.DemoSource, active, "{product: demo-container, status: ended, start: 2026-01-01T00:00:00Z, end: 2026-02-01T00:00:00Z}", 1)
	if ended == catalog.DemoSource {
		t.Fatal("the demo has no such agreement any more")
	}
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	writeFile(t, file, ended)
	service := dev(t, "--catalog", file)
	key := filepath.Join(t.TempDir(), "key.pem")
	writeFile(t, key, meterd(t, service, "catalog", "public-key", "--product", "demo-container"))
	out, err := run(t, environment(service, asTask...), "container", "-key", key)
	if err == nil || !strings.Contains(err.Error(), "there is no subscription") {
		t.Errorf("it started: %s %v", out, err)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestLanding arrives as a buyer does, twice, and with a token that is none.
func TestLanding(t *testing.T) {
	t.Parallel()
	service := dev(t)
	page := start(t, `^landing ready (\S+)`, environment(service), "landing", "-listen", "127.0.0.1:0").address
	arrive := func(token string) (int, string) {
		t.Helper()
		answer, err := http.PostForm(page, url.Values{"x-amzn-marketplace-token": {token}})
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
	for range 2 {
		token := strings.TrimSpace(meterd(t, service, "token", "--product", "demo-saas", "--customer", "cust-active"))
		if status, text := arrive(token); status != http.StatusOK || !strings.Contains(text, "Welcome, AWS account 222233334444, to demo-saas") {
			t.Errorf("a buyer sees %d %s", status, text)
		}
	}
	if status, text := arrive("garbage"); status != http.StatusBadRequest || strings.Contains(text, "Welcome") {
		t.Errorf("a visitor without a token sees %d %s", status, text)
	}
}
