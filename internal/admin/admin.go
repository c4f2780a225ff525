package admin

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
)

// Prefix is the path that everything here lies under.
const Prefix = "/_meterd/"

// Owns reports whether a path is the surface's. People leave out the last
// slash, which stands for the list of what there is.
func Owns(path string) bool {
	return strings.HasPrefix(path, Prefix) || path+"/" == Prefix
}

// Config is what the surface needs. Only Ledger is required.
type Config struct {
	Ledger *ledger.Ledger
	// Logger is told of every change and of faults; nil: nothing is logged.
	Logger *slog.Logger
	// Metrics are exported by GET metrics; nil: there is no such page.
	Metrics prometheus.Gatherer
	// Token must come with every request as "Authorization: Bearer TOKEN",
	// but for health and ready, which probes ask. Empty: anybody on this
	// machine is served, and requests whose Host is not a name of this machine
	// are refused, so that a web page cannot come in by DNS rebinding.
	Token string
	// AllowReset lets POST reset forget everything.
	AllowReset bool
	// Start tells the marketplace that a reset begins with; nil: an empty one.
	Start func() (marketplace.State, error)
	// Override changes the settings of a catalog that is put, for those that
	// the operator fixed elsewhere; nil: the catalog's hold.
	Override func(*marketplace.Settings)
	// Pprof serves profiles under pprof/.
	Pprof bool
	// Scratch is a directory on the ledger's disk where the copy for a backup is
	// put together; it is removed before and after. Empty: there are no backups.
	Scratch string
	// Version is the binary's, for those who read a backup later.
	Version string
}

// Admin is the http.Handler of everything under Prefix.
type Admin struct {
	cfg     Config
	ledger  *ledger.Ledger
	logger  *slog.Logger
	origins *http.CrossOriginProtection
	routes  []route
	// backingUp is held while there is a copy in Scratch.
	backingUp sync.Mutex
}

// New makes the surface.
func New(cfg Config) *Admin {
	a := &Admin{cfg: cfg, ledger: cfg.Ledger, logger: cfg.Logger, origins: http.NewCrossOriginProtection()}
	if a.logger == nil {
		a.logger = slog.New(slog.DiscardHandler)
	}
	if a.cfg.Override == nil {
		a.cfg.Override = func(*marketplace.Settings) {}
	}
	a.routes = a.table()
	return a
}

// ServeHTTP guards, routes and serves a request.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, problem := a.find(r)
	if guarded := a.guard(r, route); guarded != nil {
		problem = guarded
	}
	if problem != nil {
		problem.write(w)
		return
	}
	route.serve(w, r)
}
