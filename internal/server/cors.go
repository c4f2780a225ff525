package server

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/meterd/meterd/internal/wire"
)

// cors lists the origins whose pages may call. A page that calls AWS cannot:
// the real service has no CORS headers at all (M0005), and neither has meterd
// unless it is told to.
type cors []string

const (
	corsHeaders = "authorization, content-type, x-amz-content-sha256, x-amz-date, x-amz-security-token, x-amz-target, x-amz-user-agent, amz-sdk-invocation-id, amz-sdk-request, action, version"
	// Without these a page can neither show a request id nor repair a clock
	// (M0018, M0056).
	corsExposed = "x-amzn-RequestId, x-amzn-ErrorType, Date"
	corsMaxAge  = "600"
)

// allow marks an answer, whatever it will be, as readable by the page.
func (c cors) allow(h http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if len(c) == 0 || origin == "" {
		return
	}
	h.Add("Vary", "Origin")
	if slices.Contains(c, "*") || slices.Contains(c, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", corsExposed)
	}
}

// preflight answers the question that a browser asks before a call, and
// reports whether the request was one. A browser sends it unsigned.
func (c cors) preflight(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodOptions || w.Header().Get("Access-Control-Allow-Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	h[wire.RequestIDHeader] = []string{uuid.NewString()}
	w.WriteHeader(http.StatusNoContent)
	return true
}
