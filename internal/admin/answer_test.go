package admin

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAnswersAreForPeople sees that no answer has the escapes that only HTML
// needs.
func TestAnswersAreForPeople(t *testing.T) {
	a := open(t, Config{})
	body := a.ask("GET", "", "").Body.String()
	if !strings.Contains(body, "&product=") || strings.Contains(body, `\u0026`) {
		t.Errorf("the list is %s", body)
	}
}

// TestSlashMayBeLeftOut asks for the list as people type it.
func TestSlashMayBeLeftOut(t *testing.T) {
	for path, want := range map[string]bool{"/_meterd": true, "/_meterd/": true, "/_meterd/x": true, "/_meterdx": false, "/": false} {
		if got := Owns(path); got != want {
			t.Errorf("Owns(%q) = %v", path, got)
		}
	}
	w := httptest.NewRecorder()
	open(t, Config{}).ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8421/_meterd", nil))
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "this list") {
		t.Errorf("it answers %d %s", w.Code, body)
	}
}
