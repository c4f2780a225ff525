package agent

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// refusing answers with an exception.
func refusing(status int, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":%q,"message":"because of the test"}`, name)
	}
}

// first answers the first calls differently, and then mends the sandbox.
func (s *sandbox) first(n int64, handler http.HandlerFunc) {
	var calls atomic.Int64
	s.breakWith(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) <= n {
			handler(w, r)
			return
		}
		s.real.ServeHTTP(w, r)
	})
}

// TestFaultsOnTheWay looks at one record whose first call meets a fault.
func TestFaultsOnTheWay(t *testing.T) {
	for name, fault := range map[string]func(*sandbox) http.HandlerFunc{
		"throttled":   func(*sandbox) http.HandlerFunc { return refusing(400, "ThrottlingException") },
		"broken":      func(*sandbox) http.HandlerFunc { return refusing(500, "InternalServiceErrorException") },
		"not allowed": func(*sandbox) http.HandlerFunc { return refusing(400, "AccessDeniedException") },
		"cut off before": func(*sandbox) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		},
		"cut off after it was stored": func(s *sandbox) http.HandlerFunc {
			return func(_ http.ResponseWriter, r *http.Request) {
				s.real.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			}
		},
		"given back unprocessed": func(s *sandbox) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				calls := s.calls()
				records := regexp.MustCompile(`\[.*\]`).FindString(calls[len(calls)-1])
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				fmt.Fprintf(w, `{"Results":[],"UnprocessedRecords":%s}`, records)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.first(1, fault(w.sandbox))
			w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5,"tags":{"team":"red"}}`)
			w.moveTo(t, noon.Add(time.Hour+time.Minute))
			if r := w.records(t, 1)[0]; r.State != "done" || r.Quantity != 5 {
				t.Errorf("%+v", r)
			}
			if diff := cmp.Diff(map[string]int64{"12 222233334444 users": 5}, w.accepted(t)); diff != "" {
				t.Errorf("the service has (-want +got): %s", diff)
			}
			// Whatever happened, each attempt told the same.
			if calls := slices.Compact(w.calls()); len(calls) != 1 {
				t.Errorf("attempts differ: %q", calls)
			}
		})
	}
}

// TestRestartSendsTheSameBytes kills the agent while the service is away.
func TestRestartSendsTheSameBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.breakWith(refusing(500, "InternalServiceErrorException"))
	w.post(t, `[{"id":"e1","customer":"cust-1","dimension":"users","quantity":5},{"id":"e2","customer":"cust-1","dimension":"gb","quantity":1,"tags":{"b":"2","a":"1"}}]`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.eventually(t, "the records are sent once", func() bool { return len(w.calls()) > 0 })
	w.stop()
	w.start(t)
	w.breakWith(nil)
	for _, r := range w.records(t, 2) {
		if r.State != "done" || r.Attempts < 2 {
			t.Errorf("%+v", r)
		}
	}
	if calls := slices.Compact(w.calls()); len(calls) != 1 {
		t.Errorf("attempts differ: %q", calls)
	}
}

// TestNearestDeadlineGoesFirst has a service come back after hours.
func TestNearestDeadlineGoesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.breakWith(refusing(500, "InternalServiceErrorException"))
	for hour := range 5 {
		at := noon.Add(time.Duration(hour) * time.Hour)
		w.moveTo(t, at)
		w.post(t, fmt.Sprintf(`{"id":"e%d","customer":"cust-1","dimension":"users","quantity":%d,"time":%q}`, hour, hour+1, at.Format(time.RFC3339)))
	}
	w.moveTo(t, noon.Add(5*time.Hour+time.Minute))
	w.eventually(t, "all hours are frozen", func() bool { return len(get[listed](t, w, "/v1/records").Records) == 5 })
	before := len(w.calls())
	w.breakWith(nil)
	w.records(t, 5)
	var got []string
	for _, call := range w.calls()[before:] {
		for _, quantity := range regexp.MustCompile(`"Quantity":(\d)`).FindAllStringSubmatch(call, -1) {
			got = append(got, quantity[1])
		}
	}
	if want := []string{"1", "2", "3", "4", "5"}; !slices.Equal(got, want) {
		t.Errorf("hours were sent in the order %v, want %v", got, want)
	}
}

// TestLicences are told without a product code.
func TestLicences(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *plan.Plan) { p.Products[0].Code = "new" })
	w.post(t, fmt.Sprintf(`{"id":"e1","customer":"222233334444","licenseArn":%q,"dimension":"users","quantity":5}`, licenseB))
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	if r := w.records(t, 1)[0]; r.State != "done" {
		t.Errorf("%+v", r)
	}
	if call := w.calls()[0]; strings.Contains(call, "ProductCode") || !strings.Contains(call, licenseB) {
		t.Errorf("the call was %s", call)
	}
}

// TestAProductThatFailsDoesNotHoldUpOthers has one product that the service does
// not know.
func TestAProductThatFailsDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *plan.Plan) {
		p.Products = append([]plan.Product{{Code: "unknown", Service: "default"}}, p.Products...)
	})
	w.post(t, `[{"id":"e1","product":"unknown","customer":"cust-1","dimension":"users","quantity":5},{"id":"e2","product":"saas","customer":"cust-1","dimension":"users","quantity":6}]`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.eventually(t, "the known product is told", func() bool { return w.accepted(t)["12 222233334444 users"] == 6 })
	w.eventually(t, "the status says why the other is not", func() bool {
		resting := get[Status](t, w, "/v1/status").Services[0].Resting
		return len(resting) == 1 && resting[0].Product == "unknown" && strings.Contains(resting[0].Error, "InvalidProductCodeException")
	})
}

// TestConversion tells bytes and megabytes, of which some gigabytes are free,
// and looks at what is billed over two hours: nothing is rounded away.
func TestConversion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *plan.Plan) {
		p.Products[0].Dimensions = []plan.Dimension{{Key: "gb", Per: 1 << 30, Included: 1, Metrics: []plan.Metric{{Name: "bytes", Factor: 1}, {Name: "mb", Factor: 1 << 20}}}}
	})
	w.post(t, `[{"id":"e1","customer":"cust-1","dimension":"mb","quantity":3000},{"id":"e2","customer":"cust-1","dimension":"bytes","quantity":1}]`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute)) // 3000 MB: 1 GB included, 1 billed, 952 MB and a byte carried
	first := w.records(t, 1)[0]
	if first.Quantity != 1 || first.Note.Included != 1<<30 || first.Note.CarriedOut != 952<<20+1 {
		t.Errorf("%+v", first)
	}
	w.post(t, `{"id":"e3","customer":"cust-1","dimension":"mb","quantity":72}`)
	w.moveTo(t, noon.Add(2*time.Hour+time.Minute))
	second := w.records(t, 2)[1]
	if second.Quantity != 1 || second.Note.CarriedIn != 952<<20+1 {
		t.Errorf("%+v", second)
	}
}

func TestDryRunSendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *plan.Plan) { p.DryRun = true })
	w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.eventually(t, "the hour is frozen", func() bool { return get[Status](t, w, "/v1/status").Pending == 1 })
	time.Sleep(2 * turnEvery)
	if calls := w.calls(); len(calls) > 0 {
		t.Errorf("a dry run called %q", calls)
	}
}

func TestCustomersNotToBeMetered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *plan.Plan) { p.DoNotMeter = map[string]bool{"cust-1": true} })
	if r := w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`); r.Ignored != 1 || r.Accepted != 0 {
		t.Errorf("%+v", r)
	}
	if s := get[Status](t, w, "/v1/status"); s.Totals.Events != 0 {
		t.Errorf("%+v", s)
	}
}

// TestClosedCustomer has the last usage billed at once, before the hour is over.
func TestClosedCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`)
	status, body := w.call(t, "POST", "/v1/customers/cust-1/close", "application/json", "")
	if status != http.StatusOK || body != `{"records":1}`+"\n" {
		t.Fatalf("%d %s", status, body)
	}
	if r := w.records(t, 1)[0]; r.State != "done" || r.Quantity != 5 {
		t.Errorf("%+v", r)
	}
	if status, _ := w.call(t, "POST", "/v1/customers/nobody/close", "application/json", ""); status != http.StatusNotFound {
		t.Errorf("closing nobody: %d", status)
	}
	if c := get[Customer](t, w, "/v1/customers/cust-1"); c.Accounts[0].ClosedAt == nil || c.Accounts[0].Totals.Done != 5 {
		t.Errorf("%+v", c)
	}
}

// TestZeroUsage has an hour without usage told as 0, also if the agent was down
// when it ended, and not after the customer is closed.
func TestZeroUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *plan.Plan) { p.Products[0].ZeroUsage = true })
	w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`)
	w.moveTo(t, noon.Add(time.Hour+2*time.Minute)) // the usage says when its record is, not the zero
	w.records(t, 1)
	w.stop()
	w.clock.Set(noon.Add(4*time.Hour + 2*time.Minute))
	w.start(t)
	for i, r := range w.records(t, 4) {
		if want := noon.Add(time.Duration(i) * time.Hour); !r.Timestamp.Equal(want) {
			t.Errorf("record %d is of %s, want %s", i, r.Timestamp, want)
		}
	}
	want := map[string]int64{"12 222233334444 users": 5, "13 222233334444 users": 0, "14 222233334444 users": 0, "15 222233334444 users": 0}
	if diff := cmp.Diff(want, w.accepted(t)); diff != "" {
		t.Errorf("the service has (-want +got): %s", diff)
	}
	w.call(t, "POST", "/v1/customers/cust-1/close", "application/json", "")
	w.moveTo(t, noon.Add(7*time.Hour+2*time.Minute))
	time.Sleep(2 * turnEvery)
	if records := w.records(t, 4); len(records) != 4 {
		t.Errorf("a closed customer has %d records", len(records))
	}
}

// TestRefusedZero is given up by the agent itself: nobody has to decide it.
func TestRefusedZero(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, `{"id":"e1","customer":"cust-pending","dimension":"users","quantity":0}`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.eventually(t, "the record is given up", func() bool {
		list := get[listed](t, w, "/v1/records").Records
		return len(list) == 1 && list[0].State == outbox.Discarded
	})
}

// TestHeartbeats are told once for each hour that the agent runs.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *plan.Plan) {
		p.Products[0].Heartbeats = []plan.Heartbeat{{Customer: "cust-1", Dimension: "users", Quantity: 3}}
	})
	w.stop()
	w.start(t) // in the same hour
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.records(t, 1)
	w.moveTo(t, noon.Add(2*time.Hour+time.Minute))
	w.records(t, 2)
	want := map[string]int64{"12 222233334444 users": 3, "13 222233334444 users": 3}
	if diff := cmp.Diff(want, w.accepted(t)); diff != "" {
		t.Errorf("the service has (-want +got): %s", diff)
	}
}

// TestSeveralServices are two sandboxes that do not know of one another.
func TestSeveralServices(t *testing.T) {
	t.Parallel()
	other := newSandbox(t)
	w := newWorld(t, func(p *plan.Plan) {
		p.Services = append(p.Services, plan.Service{Name: "other", Endpoint: other.URL, Region: "eu-central-1", Rate: 1000})
		p.Products = append(p.Products, plan.Product{Code: "new", Service: "other"})
	})
	w.breakWith(refusing(500, "InternalServiceErrorException")) // does not hold up the other
	w.post(t, fmt.Sprintf(`[{"id":"e1","product":"saas","customer":"cust-1","dimension":"users","quantity":1},
		{"id":"e2","product":"new","customer":"222233334444","licenseArn":%q,"dimension":"users","quantity":2}]`, licenseB))
	other.clock.Set(noon.Add(time.Hour + time.Minute))
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.eventually(t, "the other service is told", func() bool { return other.accepted(t)["12 222233334444 users"] == 2 })
	w.breakWith(nil)
	w.eventually(t, "the first service is told", func() bool { return w.accepted(t)["12 222233334444 users"] == 1 })
}
