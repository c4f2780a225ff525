package agent

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard refuses strangers.
type guard struct {
	// token must come with every request; empty: requests must be to a name of
	// this machine, so that a web page cannot come in by DNS rebinding.
	token   string
	origins *http.CrossOriginProtection
}

func newGuard(token string) *guard { return &guard{token, http.NewCrossOriginProtection()} }

func (g *guard) around(route Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p := g.check(r, route.open); p != nil {
			p.write(w)
			return
		}
		route.serve(w, r)
	}
}

func (g *guard) check(r *http.Request, open bool) *problem {
	if err := g.origins.Check(r); err != nil {
		return refuse(http.StatusForbidden, "a page of another origin may not change anything here")
	}
	switch {
	case open:
		return nil
	case g.token == "" && !loopbackHost(r.Host):
		return refuse(http.StatusForbidden, "Host %q is not a name of this machine; without a token only localhost and loopback addresses are served", r.Host)
	case g.token != "" && !g.hasToken(r):
		return refuse(http.StatusUnauthorized, "the agent's token is missing or wrong; send Authorization: Bearer TOKEN")
	}
	return nil
}

func (g *guard) hasToken(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	// Digests have one length, so that the comparison does not tell the token's.
	got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(g.token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// loopbackHost reports whether a Host header names this machine by a name that
// no DNS server can claim.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
