package pebblestore

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/server"
)

// served is the service over a store whose disk can be made to fail.
type served struct {
	*Store
	ledger     *ledger.Ledger
	api, admin http.Handler
}

// serveDemo puts the service with the demo marketplace over a disk.
func serveDemo(t *testing.T, d *disk) *served {
	t.Helper()
	s := &served{Store: d.open(t, Config{CacheBytes: 1})}
	var err error
	if s.ledger, err = ledger.Open(t.Context(), ledger.Config{Store: s.Store}); err != nil {
		t.Fatal(err)
	}
	state, err := catalog.Demo(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ledger.Apply(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	s.api = server.New(server.Config{Ledger: s.ledger})
	s.admin = admin.New(admin.Config{Ledger: s.ledger})
	return s
}

// meter tells one record with BatchMeterUsage.
func (s *served) meter(dimension string, at time.Time) (status int, body string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(fmt.Sprintf(
		`{"ProductCode":"demo-saas","UsageRecords":[{"Timestamp":%q,"CustomerIdentifier":"cust-active","Dimension":%q,"Quantity":7}]}`,
		at.UTC().Format(time.RFC3339), dimension)))
	r.Header.Set("Authorization", "meterd-demo-api-key")
	r.Header.Set("Content-Type", "application/json")
	return answer(s.api, r)
}

func (s *served) ask(path string) (status int, body string) {
	return answer(s.admin, httptest.NewRequest(http.MethodGet, "http://localhost"+admin.Prefix+path, nil))
}

func answer(h http.Handler, r *http.Request) (status int, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Result().Body)
	return w.Code, string(text)
}

// isWrite matches all that a disk refuses that has become read-only.
func isWrite(op errorfs.Op) bool { return op.Kind.ReadOrWrite() == errorfs.OpIsWrite }

// TestServingOnABadDisk: where the disk refuses to write, calls get an internal
// error, and what was metered can be read. ready says why. On a disk that is well
// the same ledger takes the calls that failed, and answers the others as before.
func TestServingOnABadDisk(t *testing.T) {
	for name, fault := range map[string]struct {
		match func(errorfs.Op) bool
		err   error
	}{
		"full":                        {isLogWrite, syscall.ENOSPC},
		"read-only":                   {isWrite, syscall.EROFS},
		"broken":                      {isLogSync, syscall.EIO},
		"full where the log is not":   {func(op errorfs.Op) bool { return isTable(op) && isWrite(op) }, syscall.ENOSPC},
		"slow to say that it is full": {func(op errorfs.Op) bool { return isLogSync(op) }, syscall.ENOSPC},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			s := serveDemo(t, d)
			now := time.Now()
			status, first := s.meter("users", now)
			if status != http.StatusOK {
				t.Fatalf("on a disk that is well: %d %s", status, first)
			}
			d.on(func(op errorfs.Op) error {
				if fault.match(op) {
					return fault.err
				}
				return nil
			})
			stops := !strings.Contains(name, "where the log is not")
			status, body := s.meter("gb", now)
			if failed := status == http.StatusInternalServerError && strings.Contains(body, "InternalServiceErrorException"); failed != stops {
				t.Errorf("metering is answered %d %s", status, body)
			}
			status, body = s.ask("ready")
			if stops && (status != http.StatusServiceUnavailable || !strings.Contains(body, fault.err.Error())) || !stops && status != http.StatusOK {
				t.Errorf("ready is answered %d %s", status, body)
			}
			if status, body := s.ask("records"); status != http.StatusOK || !strings.Contains(body, `"users"`) {
				t.Errorf("records are answered %d %s", status, body)
			}
			d.on(nil)
			again := serveDemo(t, d.powerCut(100, 0))
			if status, body := again.meter("users", now); status != http.StatusOK || body != first {
				t.Errorf("the first call sent again is answered %d %s, was %s", status, body, first)
			}
			if status, body := again.meter("gb", now); status != http.StatusOK || !strings.Contains(body, `"Success"`) {
				t.Errorf("the call that failed is answered %d %s", status, body)
			}
		})
	}
}

// TestServingOnADamagedTable: a record whose key cannot be looked up comes back
// unprocessed, and all others are metered; with a sound disk it is what it was.
func TestServingOnADamagedTable(t *testing.T) {
	d := newDisk()
	s := serveDemo(t, d)
	now := time.Now()
	_, first := s.meter("users", now)
	indexNow(t, s.Store)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = serveDemo(t, d)
	d.on(failing(isTableRead))
	if status, body := s.meter("users", now); status != http.StatusOK || !strings.Contains(body, `"UnprocessedRecords":[{`) {
		t.Errorf("a record that cannot be looked up is answered %d %s", status, body)
	}
	if status, body := s.ask("ready"); status != http.StatusOK {
		t.Errorf("ready is answered %d %s", status, body)
	}
	d.on(nil)
	if status, body := s.meter("users", now); status != http.StatusOK || body != first {
		t.Errorf("sent again it is answered %d %s, was %s", status, body, first)
	}
	if _, calls, err := contents(s.Store); err != nil || len(calls) != 3 {
		t.Errorf("%d calls (%v)", len(calls), err)
	}
}
