package admin

import (
	"net/http"
	"net/http/pprof"
	"strings"
)

// servePprof serves the profiles under our prefix instead of the package's own.
func servePprof(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, Prefix+"pprof/")
	switch name {
	case "cmdline":
		pprof.Cmdline(w, r)
	case "profile":
		pprof.Profile(w, r)
	case "symbol":
		pprof.Symbol(w, r)
	case "trace":
		pprof.Trace(w, r)
	default:
		// Index takes the profile's name from the path that it expects.
		clone := r.Clone(r.Context())
		clone.URL.Path = "/debug/pprof/" + name
		pprof.Index(w, clone)
	}
}
