package agent

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// TestDiskThatRefuses answers with what to do, and says that only a restart
// helps.
func TestDiskThatRefuses(t *testing.T) {
	var broken atomic.Bool
	disk := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && strings.HasSuffix(op.Path, ".log") {
			return errorfs.ErrInjected
		}
		return nil
	}))
	p := plan.ForProduct("saas", "http://127.0.0.1:1")
	p.Data, p.Services[0].Region, p.Clock = "outbox", "us-east-1", plan.ClockMachine
	a, err := Open(t.Context(), Config{
		Plan: p, Outbox: outbox.Config{FS: disk},
		Credentials: func(*plan.Service) aws.CredentialsProvider {
			return credentials.NewStaticCredentialsProvider("AKIDSELLER", secretKey, "")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() // That of an outbox that has stopped may fail.
	ask := func(method, path, body string) (int, string) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, strings.NewReader(body))
		r.Host = "localhost"
		a.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	event := `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`
	if status, body := ask("POST", "/v1/events", event); status != http.StatusOK {
		t.Fatalf("on a good disk: %d %s", status, body)
	}
	broken.Store(true)
	event = strings.Replace(event, "e1", "e2", 1)
	for range 2 { // once as it breaks, once when it is known
		if status, body := ask("POST", "/v1/events", event); status != http.StatusServiceUnavailable || !strings.Contains(body, "send all events of this request again; none counts twice") {
			t.Errorf("on a bad disk: %d %s", status, body)
		}
	}
	for _, path := range []string{"/health", "/ready"} {
		if status, body := ask("GET", path, ""); status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := ask("GET", "/v1/customers/cust-1", ""); status != http.StatusOK {
		t.Errorf("reads go on: %d %s", status, body)
	}
}
