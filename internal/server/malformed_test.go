package server

import (
	"strings"
	"testing"
)

// malformed is a request that something is wrong with, or seems to be, and the
// whole answer to it.
type malformed struct {
	name string
	raw  string
	want want
}

// want is an answer. One without a type is an answer in XML, or, if below is
// set, one that net/http gives before the request comes to us.
type want struct {
	status      int
	contentType string
	body        string
	below       bool
}

var (
	missingTokenXML = want{status: 403, body: "<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n</MissingAuthenticationTokenException>\n"}
	unknownXML      = want{status: 404, body: "<UnknownOperationException/>\n"}
	good            = want{status: 200, contentType: awsJSON, body: resolved}
	goodPlain       = good.in(plainJSON)
)

// refused is an exception with the status 400 in AWS's dialect.
func refused(name, message string) want {
	return want{status: 400, contentType: awsJSON, body: exception(name, message)}
}

func (w want) in(contentType string) want {
	w.contentType = contentType
	return w
}

func (w want) as(status int) want {
	w.status = status
	return w
}

// belowUs is an answer of net/http's own: no client of AWS sends what gets it.
func belowUs(status int, body string) want { return want{status: status, body: body, below: true} }

// checkMalformed sends each request over the wire and, if the connection was
// kept, a good one behind it, which must be understood as one; else the good
// one goes on a connection of its own.
func checkMalformed(t *testing.T, server endpoint, rows []malformed) {
	t.Helper()
	well := call{op: "ResolveCustomer", body: resolveBody}.raw(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := server.dial(t)
			c.say(row.raw)
			a := c.hear(t, row.raw)
			row.want.check(t, row.raw, a)
			if a.header["Connection"] == "close" || strings.HasPrefix(a.head[0], "HTTP/1.0") {
				c = server.dial(t)
			}
			c.say(well)
			if a := c.hear(t, well); a.status != 200 || a.body != resolved {
				t.Errorf("afterwards a good request gets %d %s", a.status, a.body)
			}
		})
	}
}

func (w want) check(t *testing.T, raw string, a answer) {
	t.Helper()
	body := w.body
	if strings.HasPrefix(raw, "HEAD ") {
		body = ""
	}
	if a.status != w.status || a.body != body {
		t.Errorf("answer is %d %s\nwant      %d %s", a.status, a.body, w.status, body)
	}
	if w.below {
		return
	}
	a.checkHeaders(t)
	if a.header["Content-Type"] != w.contentType {
		t.Errorf("Content-Type is %q, want %q", a.header["Content-Type"], w.contentType)
	}
}
