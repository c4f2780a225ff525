package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard refuses strangers. It is asked for unknown paths too, so that what
// exists is told to nobody else. route is nil for those.
func (a *Admin) guard(r *http.Request, route *route) *problem {
	if err := a.origins.Check(r); err != nil {
		return refuse(http.StatusForbidden, "a page of another origin may not change anything here")
	}
	if a.cfg.Token == "" {
		if !loopbackHost(r.Host) {
			return refuse(http.StatusForbidden, "Host %q is not a name of this machine; without an admin token only localhost and loopback addresses are served", r.Host)
		}
		return nil
	}
	if route != nil && route.open || a.hasToken(r) {
		return nil
	}
	return refuse(http.StatusUnauthorized, "the admin token is missing or wrong; send Authorization: Bearer TOKEN")
}

func (a *Admin) hasToken(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	// Digests have one length, so that the comparison does not tell the token's.
	got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(a.cfg.Token))
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
