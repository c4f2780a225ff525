package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/plan"
)

// postAs tells a body of a type and returns status and receipt.
func (w *world) postAs(t *testing.T, contentType, body string) (status int, receipt Receipt) {
	t.Helper()
	status, text := w.call(t, "POST", "/v1/events", contentType, body)
	if err := json.Unmarshal([]byte(text), &receipt); err != nil {
		t.Fatalf("%d %s", status, text)
	}
	return status, receipt
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	good := `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`
	for _, test := range []struct {
		name, contentType, body string
		status                  int
		want                    Receipt
	}{
		{"one", "application/json", good, 200, Receipt{Accepted: 1}},
		{"again, as curl -d sends it", "application/x-www-form-urlencoded", good, 200, Receipt{Known: 1}},
		{"a list with a bad one", "application/json", `[{"id":"e2","customer":"cust-1","dimension":"users","quantity":1},{"id":"e3","customer":"cust-1","dimension":"users","quantity":"x"}]`, 422,
			Receipt{Accepted: 1, Refused: 1, Refusals: []EventRefusal{{1, "e3", "malformed", `member quantity is a whole number, not "x"`}}}},
		{"an id used for something else", "application/json", `{"id":"e1","customer":"cust-1","dimension":"users","quantity":6}`, 422,
			Receipt{Refused: 1, Refusals: []EventRefusal{{0, "e1", "id-reused", `An event with id "e1" was accepted before, with another customer, dimension, quantity or tags. That one counts.`}}}},
		{"no id", "application/json", `{"customer":"cust-1","dimension":"users","quantity":6}`, 422,
			Receipt{Refused: 1, Refusals: []EventRefusal{{0, "", "id", "The event has no id; without one a repeated event would count twice."}}}},
		{"NDJSON", "application/x-ndjson", "\n" + good + "\n{\"id\":\"n1\",\"customer\":\"cust-1\",\"dimension\":\"users\",\"quantity\":1}\r\n{oops\n[]\n\n" + `{"id":"n2","customer":"cust-1","dimension":"users","quantity":1}`, 422,
			Receipt{Accepted: 2, Known: 1, Refused: 2, Refusals: []EventRefusal{
				{2, "", "malformed", "the body is not JSON from byte 1 on"}, {3, "", "malformed", "a line of NDJSON is one event, not an array"},
			}}},
		{"a CloudEvent", "application/cloudevents+json; charset=utf-8", `{"specversion":"1.0","id":"1","source":"app","type":"users","subject":"cust-1","data":{"quantity":2}}`, 200, Receipt{Accepted: 1}},
		{"a batch of CloudEvents", "application/cloudevents-batch+json", `[{"specversion":"1.0","id":"1","source":"app","type":"users","subject":"cust-1","data":{"quantity":2}},{"specversion":"1.0","id":"2","source":"app","type":"users","subject":"cust-1","data":{"quantity":2}}]`, 200, Receipt{Accepted: 1, Known: 1}},
		{"an empty list", "application/json", `[]`, 200, Receipt{}},
	} {
		status, got := w.postAs(t, test.contentType, test.body)
		if diff := cmp.Diff(test.want, got); diff != "" || status != test.status {
			t.Errorf("%s: status %d, want %d; receipt (-want +got): %s", test.name, status, test.status, diff)
		}
	}
	if told := get[Status](t, w, "/v1/status").Totals.Told; told != 5+1+1+1+2+2 {
		t.Errorf("all events together told %d", told)
	}
}

// TestLongStream has more lines than are made durable at once, and a line that
// is too long.
func TestLongStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var body strings.Builder
	for i := range 2*streamEvents + 1 {
		fmt.Fprintf(&body, `{"id":"e%d","customer":"cust-1","dimension":"users","quantity":1}`+"\n", i)
	}
	body.WriteString(strings.Repeat("x", 200<<10) + "\n")
	body.WriteString(`{"id":"last","customer":"cust-1","dimension":"users","quantity":1}`)
	_, got := w.postAs(t, ndjson, body.String())
	want := Receipt{Accepted: 2*streamEvents + 2, Refused: 1, Refusals: []EventRefusal{{2*streamEvents + 1, "", "malformed", "the line is longer than one event may be"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

// TestManyRefusals are counted, of which the first are explained.
func TestManyRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, got := w.postAs(t, "", "["+strings.Repeat("{},", refusalsMax)+"{}]")
	if got.Refused != refusalsMax+1 || len(got.Refusals) != refusalsMax {
		t.Errorf("%d refused, %d explained", got.Refused, len(got.Refusals))
	}
}

// TestLargeBodies looks at both sides of the limit, and at more events than the
// outbox takes at once.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	event := `{"id":"e1","customer":"cust-1","dimension":"users","quantity":1}`
	fits := event + strings.Repeat(" ", eventsBytesMax-len(event))
	if status, _ := w.postAs(t, "", fits); status != http.StatusOK {
		t.Errorf("a body of %d bytes: %d", len(fits), status)
	}
	if status, text := w.call(t, "POST", "/v1/events", "", fits+" "); status != http.StatusRequestEntityTooLarge || !strings.Contains(text, "NDJSON") {
		t.Errorf("a body of %d bytes: %d %s", len(fits)+1, status, text)
	}
	many := strings.Builder{}
	for i := range 10_001 {
		fmt.Fprintf(&many, `,{"id":"m%d","customer":"cust-1","dimension":"users","quantity":1}`, i)
	}
	if _, got := w.postAs(t, "", "["+many.String()[1:]+"]"); got.Accepted != 10_001 {
		t.Errorf("%+v", got)
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":1}`)
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/v1/events", `{"id":`, 400, "the body is not JSON from byte 6 on; nothing was counted"},
		{"GET", "/v1/events", ``, 405, `"/v1/events does not take GET"`},
		{"GET", "/v1/nothing", ``, 404, `"there is nothing at /v1/nothing"`},
		{"GET", "/v1/records?state=lost", ``, 400, `state: \"lost\" is none of`},
		{"GET", "/v1/records?from=noon", ``, 400, `from: \"noon\" is not a time`},
		{"GET", "/v1/records?to=x", ``, 400, `to: \"x\"`},
		{"GET", "/v1/records?limit=0", ``, 400, `limit: \"0\"`},
		{"GET", "/v1/records?costumer=c", ``, 400, `there is no parameter \"costumer\"`},
		{"GET", "/v1/records/x", ``, 400, `record id \"x\"`},
		{"GET", "/v1/records/1-1", ``, 404, "there is no such record"},
		{"GET", "/v1/customers/nobody", ``, 404, `customer \"nobody\"`},
		{"POST", "/v1/customers/cust-1/close", `{"produkt":"p"}`, 400, `unknown field \"produkt\"`},
		{"POST", "/v1/customers/cust-1/close", `{} {}`, 400, "more after its JSON object"},
		{"POST", "/v1/customers/cust-1/close", strings.Repeat(" ", bodyBytesMax+1), 413, "larger than"},
		{"POST", "/v1/dead-letters/1-1/redrive", `{}`, 400, "say who decided and why"},
		{"POST", "/v1/dead-letters/1-1/discard", `{"who":"a","why":"b"}`, 404, "there is no such record"},
	} {
		status, body := w.call(t, test.method, test.path, "application/json", test.body)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s %.20s: %d %s, want %d %s", test.method, test.path, test.body, status, body, test.status, test.want)
		}
	}
}

// TestRecordsAreListed looks at filters, limits and lines.
func TestRecordsAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, `[{"id":"e1","customer":"cust-1","dimension":"users","quantity":1},{"id":"e2","customer":"cust-pending","dimension":"users","quantity":2},{"id":"e3","customer":"cust-1","dimension":"gb","quantity":3}]`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.records(t, 3)
	for query, want := range map[string][]int64{
		"":                           {1, 2, 3},
		"?customer=cust-1":           {1, 3},
		"?state=dead":                {2},
		"?product=other":             nil,
		"?from=2026-11-22T13:00:00Z": nil,
		"?to=2026-11-22T12:30:00Z":   {1, 2, 3},
		"?from=2026-11-22&product=saas&state=done": {1, 3},
	} {
		var got []int64
		for _, r := range get[listed](t, w, "/v1/records"+query).Records {
			got = append(got, r.Quantity)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	if list := get[listed](t, w, "/v1/records?limit=2"); len(list.Records) != 2 || !list.More {
		t.Errorf("a limit of 2: %d records, more %t", len(list.Records), list.More)
	}
	if list := get[listed](t, w, "/v1/records?limit=3"); len(list.Records) != 3 || list.More {
		t.Errorf("a limit of 3: %d records, more %t", len(list.Records), list.More)
	}
	one := get[listed](t, w, "/v1/records?limit=1").Records[0]
	if diff := cmp.Diff(one, get[Record](t, w, "/v1/records/"+one.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	open := newWorld(t, nil)
	closed := newWorld(t, func(p *plan.Plan) { p.Token = "s3cret" })
	for name, test := range map[string]struct {
		world  *world
		path   string
		header http.Header
		host   string
		status int
	}{
		"this machine":          {open, "/v1/status", nil, "localhost:8422", 200},
		"IPv6":                  {open, "/v1/status", nil, "[::1]:8422", 200},
		"another name":          {open, "/v1/status", nil, "evil.example", 403},
		"another name, probing": {open, "/health", nil, "evil.example", 200},
		"no token":              {closed, "/v1/status", nil, "agent.example", 401},
		"a wrong token":         {closed, "/v1/status", http.Header{"Authorization": {"Bearer s3cre"}}, "agent.example", 401},
		"another scheme":        {closed, "/v1/status", http.Header{"Authorization": {"Basic s3cret"}}, "agent.example", 401},
		"the token":             {closed, "/v1/status", http.Header{"Authorization": {"Bearer s3cret"}}, "agent.example", 200},
		"what does not exist":   {closed, "/v1/nothing", nil, "agent.example", 401},
		"metrics want it too":   {closed, "/metrics", nil, "agent.example", 401},
		"probes have no token":  {closed, "/ready", nil, "agent.example", 200},
	} {
		r, err := http.NewRequest("GET", test.world.api.URL+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = test.host
		for name, values := range test.header {
			r.Header[name] = values
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != test.status {
			t.Errorf("%s: %d, want %d", name, answer.StatusCode, test.status)
		}
	}
	r, err := http.NewRequest("POST", open.api.URL+"/v1/events", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another origin: %d", answer.StatusCode)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, `[{"id":"e1","customer":"cust-1","dimension":"users","quantity":1},{"id":"e2","customer":"cust-pending","dimension":"users","quantity":2}]`)
	w.postAs(t, "", `[{},{"id":"e1","customer":"cust-1","dimension":"users","quantity":1}]`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.records(t, 2)
	w.breakWith(refusing(400, "AccessDeniedException"))
	w.post(t, `{"id":"e3","customer":"cust-1","dimension":"users","quantity":1}`)
	w.moveTo(t, noon.Add(3*time.Hour))
	w.eventually(t, "sending fails", func() bool { return len(get[Status](t, w, "/v1/status").Services[0].Resting) == 1 })
	_, text := w.call(t, "GET", "/metrics", "", "")
	for _, want := range []string{
		`meterd_agent_events_total{outcome="accepted"} 3`,
		`meterd_agent_events_total{outcome="known"} 1`,
		`meterd_agent_events_total{outcome="refused"} 1`,
		`meterd_agent_verdicts_total{verdict="Success"} 1`,
		`meterd_agent_verdicts_total{verdict="CustomerNotSubscribed"} 1`,
		"meterd_agent_pending_records 1\n",
		"meterd_agent_dead_letters 1\n",
		"meterd_agent_oldest_unsent_seconds 7140\n", // told at 13:01
		"meterd_agent_deadline_seconds 79260\n",
		"meterd_agent_keys 2\n",
		"meterd_agent_ready 1\n",
		`meterd_agent_resting_products{service="default"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
}
