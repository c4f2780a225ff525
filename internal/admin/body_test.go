package admin

import (
	"net/http"
	"strings"
	"testing"
)

func TestBodiesAreBounded(t *testing.T) {
	a := open(t, Config{})
	for _, test := range []struct {
		method, path string
		max          int
	}{{"PUT", "catalog", catalogBytesMax}, {"PUT", "clock", bodyBytesMax}, {"POST", "token", bodyBytesMax}} {
		if w := a.ask(test.method, test.path, strings.Repeat(" ", test.max)); w.Code == http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s refuses %d bytes", test.method, test.path, test.max)
		}
		wantProblem(t, a.ask(test.method, test.path, strings.Repeat(" ", test.max+1)), http.StatusRequestEntityTooLarge, "larger than")
	}
}

func TestRecordLimitIsBounded(t *testing.T) {
	a := withRecords(t)
	if w := a.ask("GET", "records?limit=100000", ""); w.Code != http.StatusOK {
		t.Errorf("the largest limit: %d %s", w.Code, w.Body)
	}
	if w := a.ask("GET", "records?limit=100001", "", "Accept: application/x-ndjson"); w.Code != http.StatusOK {
		t.Errorf("NDJSON has no limit, yet: %d %s", w.Code, w.Body)
	}
}
