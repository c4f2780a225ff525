package server

import (
	"strings"
	"testing"
)

// TestMalformedHTTP is about what only those send who write HTTP by hand, and
// what proxies and odd clients make of a request that is in order.
func TestMalformedHTTP(t *testing.T) {
	well := plainCall("ResolveCustomer", resolveBody)
	to := func(requestLine string) string {
		return strings.Replace(well, "POST / HTTP/1.1", requestLine, 1)
	}
	with := func(lines ...string) string { return plainCall("ResolveCustomer", resolveBody, lines...) }
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"path //", to("POST // HTTP/1.1"), goodPlain},
		{"path /base/path", to("POST /base/path HTTP/1.1"), goodPlain},
		{"path with dots", to("POST /a/../b/./ HTTP/1.1"), goodPlain},
		{"encoded path", to("POST /%2e%2e/%2F%20%00/x HTTP/1.1"), goodPlain},
		{"path of a proxy", to("POST http://metering.marketplace.us-east-1.amazonaws.com/ HTTP/1.1"), goodPlain},
		{"path //, signed", call{op: "ResolveCustomer", body: resolveBody, target: "//"}.raw(t), good},
		{"path /base/path, signed", call{op: "ResolveCustomer", body: resolveBody, target: "/base/path?x=1"}.raw(t), good},
		{"encoded path, signed", call{op: "ResolveCustomer", body: resolveBody, target: "/a%20b/%7e"}.raw(t), good},
		{"HTTP/1.0", to("POST / HTTP/1.0"), goodPlain},
		{"HTTP/1.0 without a host", strings.Replace(to("POST / HTTP/1.0"), "Host: 127.0.0.1:8421\r\n", "", 1), goodPlain},
		{"gzip is welcome", with("Accept-Encoding: gzip, deflate, br, zstd"), goodPlain},
		{"another type is wanted", with("Accept: text/html"), goodPlain},
		{"empty host", strings.Replace(well, "Host: 127.0.0.1:8421", "Host:", 1), goodPlain},
		{"empty host, signed for one", strings.Replace(call{op: "ResolveCustomer", body: resolveBody}.raw(t), "Host: 127.0.0.1:8421", "Host:", 1), refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")},
		{"a target twice", with("X-Amz-Target: AWSMPMeteringService.MeterUsage"), goodPlain},
		{"a length twice, the same", with("Content-Length: 33"), goodPlain},

		{"path *", to("OPTIONS * HTTP/1.1"), belowUs(200, "")},
		{"no host", strings.Replace(well, "Host: 127.0.0.1:8421\r\n", "", 1), belowUs(400, "400 Bad Request: missing required Host header")},
		{"two hosts", with("Host: b"), belowUs(400, "400 Bad Request")},
		{"a host that is none", strings.Replace(well, "Host: 127.0.0.1:8421", "Host: a b", 1), belowUs(400, "400 Bad Request: malformed Host header")},
		{"another transfer encoding", with("Transfer-Encoding: gzip, chunked"), belowUs(501, "Unsupported transfer encoding")},
		{"garbage for a transfer encoding", with("Transfer-Encoding: \x0bchunked"), belowUs(400, "400 Bad Request")},
		{"two lengths", with("Content-Length: 5"), belowUs(400, "400 Bad Request")},
		{"a length below 0", unsigned("", "Content-Length: -1"), belowUs(400, "400 Bad Request")},
		{"a length that is no number", unsigned("", "Content-Length: 0x10"), belowUs(400, "400 Bad Request")},
		{"an expectation nobody knows", with("Expect: 200-ok"), belowUs(417, "")},
		{"a line without a colon", with("Nonsense"), belowUs(400, "400 Bad Request")},
		{"a name with a blank", with("X Y: z"), belowUs(400, "400 Bad Request: invalid header name")},
		{"NUL in a value", with("X: a\x00b"), belowUs(400, "400 Bad Request")},
		{"HTTP/9.9", to("POST / HTTP/9.9"), belowUs(505, "505 HTTP Version Not Supported: unsupported protocol version")},
		{"no version", to("POST /"), belowUs(400, "400 Bad Request")},
		{"an encoded path that is none", to("POST /%zz HTTP/1.1"), belowUs(400, "400 Bad Request")},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", belowUs(400, "400 Bad Request")},
		{"nonsense", "nonsense\r\n\r\n", belowUs(400, "400 Bad Request")},
	})
}

// TestExpectContinue: curl asks before it sends a body of more than 1 MB.
func TestExpectContinue(t *testing.T) {
	server := listen(t, open(t, wideMarket()))
	raw := plainCall("ResolveCustomer", resolveBody, "Expect: 100-continue")
	a := server.ask(t, raw)
	goodPlain.check(t, raw, a)
	if !a.continued {
		t.Error("the client was not asked to go on")
	}
	large := unsigned("", "Content-Type: "+awsJSON, "Content-Length: 2000000", "Expect: 100-continue")
	a = server.ask(t, large)
	tooLarge.check(t, large, a)
	if a.continued {
		t.Error("the client was asked to go on in vain")
	}
}
