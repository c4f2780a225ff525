package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	for name, test := range map[string]struct {
		in, out string
		ok      bool
	}{
		"skipped in a package that passes": {`
{"Action":"output","Package":"p","Test":"TestA/node","Output":"    a_test.go:7: NOT RUN: there is no node\n"}
{"Action":"skip","Package":"p","Test":"TestA/node"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: not a request\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}`, "ok  \tp\t0.1s\n\nNOT RUN (1):\n  TestA/node: there is no node\n", true},
		"a failure": {`
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}`, "    a_test.go:7: wrong\nFAIL\tp\t0.1s\n", false},
		"what does not build": {`
{"ImportPath":"p","Action":"build-output","Output":"a.go:1: wrong\n"}
{"ImportPath":"p","Action":"build-fail"}`, "a.go:1: wrong\n", false},
	} {
		var out strings.Builder
		ok, err := list(strings.NewReader(test.in), &out)
		if diff := cmp.Diff(test.out, out.String()); diff != "" || ok != test.ok || err != nil {
			t.Errorf("%s: %v, %v, output (-want +got):\n%s", name, ok, err, diff)
		}
	}
	if _, err := list(strings.NewReader("FAIL"), new(strings.Builder)); err == nil {
		t.Error("it reads what is not JSON")
	}
}
