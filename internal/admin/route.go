package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// route is one method of one path.
type route struct {
	method string
	// path follows Prefix. One that ends in a slash stands for all below it.
	path string
	doc  string
	// open needs no token: it tells nothing but whether the service works.
	open  bool
	serve http.HandlerFunc
}

func (a *Admin) table() []route {
	routes := []route{
		{"GET", "", "this list", false, a.answer(a.index)},
		{"GET", "health", "200 while the process runs", true, a.answer(a.health)},
		{"GET", "ready", "200 while the ledger can write, 503 with the reason when it cannot", true, a.answer(a.ready)},
		{"GET", "clock", "how the service's clock stands", false, a.answer(a.clock)},
		{"PUT", "clock", `steer it: {"now":"2026-11-30T23:59:00Z"}, {"advance":"1h30m"}, {"scale":60}, {"freeze":true}, {"reset":true}`, false, a.answer(a.putClock)},
		{"GET", "state", "the marketplace without its secrets, the profile's switches, the store's gauges", false, a.answer(a.state)},
		{"GET", "records", "accepted usage: ?from= &to= &product= &customer= &dimension= &limit=; with Accept: application/x-ndjson one per line", false, a.records},
		{"GET", "totals", "what was accepted in a month, dropped records too: ?month=2026-11", false, a.answer(a.totals)},
		{"GET", "catalog", "the marketplace as a catalog file, secrets included", false, a.catalog},
		{"PUT", "catalog", "apply a catalog file; `?prune=true` removes what it does not name", false, a.answer(a.putCatalog)},
		{"POST", "token", `mint a registration token: {"licenseArn":"…"} or {"product":"…","customer":"…"}`, false, a.answer(a.mintToken)},
		{"GET", "public-key", "the PEM that verifies RegisterUsage answers: ?product= &version=", false, a.publicKey},
		{"GET", "checkpoint", "the newest calls, signed by the ledger, for an auditor to keep", false, a.answer(a.checkpoint)},
		{"GET", "backup", "the ledger's files as one tar, taken while calls go on", false, a.backup},
		{"POST", "reset", "forget everything and begin anew", false, a.answer(a.reset)},
	}
	if a.cfg.Metrics != nil {
		metrics := promhttp.HandlerFor(a.cfg.Metrics, promhttp.HandlerOpts{})
		routes = append(routes, route{"GET", "metrics", "metrics for Prometheus", false, metrics.ServeHTTP})
	}
	if a.cfg.Pprof {
		routes = append(routes, route{"GET", "pprof/", "profiles of the process", false, servePprof})
	}
	return routes
}

// find returns the route of a request, or the problem that says what exists.
func (a *Admin) find(r *http.Request) (*route, *problem) {
	path := strings.TrimPrefix(r.URL.Path, Prefix)
	if r.URL.Path+"/" == Prefix {
		path = ""
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for i := range a.routes {
		route := &a.routes[i]
		if route.path != path && !(strings.HasSuffix(route.path, "/") && strings.HasPrefix(path, route.path)) {
			continue
		}
		if route.method == method {
			return route, nil
		}
		allowed = append(allowed, route.method)
	}
	if len(allowed) == 0 {
		return nil, &problem{status: http.StatusNotFound, Text: "there is nothing at " + r.URL.Path, Exists: a.exists()}
	}
	return nil, &problem{
		status: http.StatusMethodNotAllowed, allow: strings.Join(allowed, ", "),
		Text: r.URL.Path + " does not take " + r.Method, Exists: a.exists(),
	}
}

func (a *Admin) exists() []string {
	list := make([]string, len(a.routes))
	for i, r := range a.routes {
		list[i] = r.method + " " + Prefix + r.path
	}
	slices.Sort(list)
	return list
}

func (a *Admin) index(*http.Request) (any, error) {
	type entry struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Doc    string `json:"doc"`
	}
	list := make([]entry, len(a.routes))
	for i, r := range a.routes {
		list[i] = entry{r.method, Prefix + r.path, r.doc}
	}
	return map[string]any{"exists": list}, nil
}
