package admin

import (
	"net/http"
	"strings"
	"testing"
)

func TestToken(t *testing.T) {
	a := open(t, Config{Token: "right"})
	for _, test := range []struct {
		path, authorization string
		status              int
	}{
		{"state", "Bearer right", 200},
		{"state", "bearer right", 200},
		{"state", "", 401},
		{"state", "right", 401},
		{"state", "Bearer", 401},
		{"state", "Bearer wrong", 401},
		{"state", "Bearer rightish", 401},
		{"state", "Basic right", 401},
		{"nothing", "", 401}, // what exists is nobody else's business
		{"nothing", "Bearer right", 404},
		{"health", "", 200},
		{"ready", "", 200},
	} {
		w := a.ask("GET", test.path, "", "Authorization: "+test.authorization, "Host: meterd.example.com")
		if w.Code != test.status {
			t.Errorf("GET %s with %q: %d, want %d", test.path, test.authorization, w.Code, test.status)
		}
		if w.Code == 401 {
			wantProblem(t, w, 401, "Bearer")
			if w.Header().Get("WWW-Authenticate") != "Bearer" || strings.Contains(w.Body.String(), "exists") {
				t.Errorf("401 is %v %s", w.Header(), w.Body)
			}
		}
	}
}

func TestHostWithoutToken(t *testing.T) {
	a := open(t, Config{})
	for host, status := range map[string]int{
		"localhost":             200,
		"LOCALHOST:8421":        200,
		"localhost.:8421":       200,
		"meterd.localhost":      200,
		"127.0.0.1:8421":        200,
		"127.8.9.1":             200,
		"[::1]:8421":            200,
		"[::ffff:127.0.0.1]":    200,
		"evil.example":          403,
		"localhost.evil.org":    403,
		"127.0.0.1.nip.io":      403,
		"192.168.1.7:8421":      403,
		"0.0.0.0:8421":          403,
		"":                      403,
		"notlocalhost":          403,
		"evil.example:8421":     403,
		"[2001:db8::1]:8421":    403,
		"127.0.0.1@evil.org":    403,
		"evil.org:80:127.0.0.1": 403,
	} {
		if w := a.ask("GET", "state", "", "Host: "+host); w.Code != status {
			t.Errorf("Host %q: %d, want %d", host, w.Code, status)
		}
	}
}

func TestPagesOfOtherOriginsChangeNothing(t *testing.T) {
	for _, token := range []string{"", "right"} {
		a := open(t, Config{AllowReset: true, Token: token})
		for _, header := range []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"} {
			w := a.ask("POST", "reset", "", header, "Authorization: Bearer right")
			wantProblem(t, w, http.StatusForbidden, "another origin")
		}
		for name := range a.ask("GET", "state", "", "Origin: https://evil.example", "Authorization: Bearer right").Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("the answer has %s", name)
			}
		}
	}
}
