package agent

import (
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Route is a request that the agent's API takes.
type Route struct {
	// Method and Path are as http.ServeMux has them.
	Method, Path string
	// Doc says what it does.
	Doc string

	serve http.HandlerFunc
	// open routes are for probes, which have no token.
	open bool
}

// Routes lists the API, for documents.
func Routes() []Route { return new(Agent).table(nil) }

func (a *Agent) table(metrics *prometheus.Registry) []Route {
	return []Route{
		{"POST", "/v1/events", "count usage: one event, an array, NDJSON, or CloudEvents; answers when it is durable", a.postEvents, false},
		{"GET", "/v1/status", "how the agent is: what waits, until when, and what keeps it", a.answer(a.status), false},
		{"GET", "/v1/records", "frozen records: `?product=` `&customer=` `&license=` `&from=` `&to=` `&state=` `&limit=`; with `Accept: application/x-ndjson` one per line", a.getRecords, false},
		{"GET", "/v1/records/{id}", "one record", a.answer(a.record), false},
		{"GET", "/v1/customers/{id}", "what is counted of a customer, by product and dimension", a.answer(a.customer), false},
		{"POST", "/v1/customers/{id}/close", "freeze and send at once what is open of a customer, in the last hour of its agreement", a.answer(a.closeCustomer), false},
		{"GET", "/v1/dead-letters", "records that need a person", a.getDeadLetters, false},
		{"POST", "/v1/dead-letters/{id}/redrive", "send a dead letter again or, after its deadline, bill it with the next hour", a.answer(a.redrive), false},
		{"POST", "/v1/dead-letters/{id}/discard", "give a dead letter up", a.answer(a.discard), false},
		{"GET", "/health", "200 while the outbox works; 503 when only a restart helps, after the disk has refused a write", a.answer(a.health), true},
		{"GET", "/ready", "200 while events can be accepted, 503 with the reason when they cannot", a.answer(a.ready), true},
		{"GET", "/metrics", "metrics for Prometheus", promhttp.HandlerFor(orEmpty(metrics), promhttp.HandlerOpts{}).ServeHTTP, false},
	}
}

func orEmpty(r *prometheus.Registry) *prometheus.Registry {
	if r == nil {
		return prometheus.NewRegistry()
	}
	return r
}

// routes makes the handler of the API.
func (a *Agent) routes(metrics *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	table := a.table(metrics)
	guard := newGuard(a.plan.Token)
	for _, route := range table {
		mux.HandleFunc(route.Method+" "+route.Path, guard.around(route))
	}
	mux.HandleFunc("/", guard.around(Route{serve: func(w http.ResponseWriter, r *http.Request) { unknown(mux, table, r).write(w) }}))
	return mux
}

// unknown says what there is instead of what was asked for.
func unknown(mux *http.ServeMux, table []Route, r *http.Request) *problem {
	var allowed, exists []string
	for _, route := range table {
		exists = append(exists, route.Method+" "+route.Path)
		other := r.Clone(r.Context())
		other.Method = route.Method
		if _, pattern := mux.Handler(other); pattern == route.Method+" "+route.Path {
			allowed = append(allowed, route.Method)
		}
	}
	slices.Sort(exists)
	p := refuse(http.StatusNotFound, "there is nothing at %s", r.URL.Path)
	if len(allowed) > 0 {
		p = refuse(http.StatusMethodNotAllowed, "%s does not take %s", r.URL.Path, r.Method)
		p.allow = strings.Join(allowed, ", ")
	}
	p.Exists = exists
	return p
}
