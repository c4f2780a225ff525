package sigv4

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	scope   = "AKIDEXAMPLE/20261122/us-east-1/aws-marketplace/aws4_request"
	goodMAC = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	stamp   = "20261122T005500Z"

	needCredential = "Authorization header requires 'Credential' parameter. "
	needSignature  = "Authorization header requires 'Signature' parameter. "
	needHeaders    = "Authorization header requires 'SignedHeaders' parameter. "
	needDate       = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "

	ascending = "InvalidSignatureException: 'SignedHeaders' must be in ascending order and name each header once."
	badHex    = "InvalidSignatureException: 'Signature' must be 64 lower-case hexadecimal digits."
	needHost  = "InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
)

// authorization writes the header as the SDKs do.
func authorization(credential, signedHeaders, signature string) string {
	return "AWS4-HMAC-SHA256 Credential=" + credential + ", SignedHeaders=" + signedHeaders + ", Signature=" + signature
}

func fiveParts(got string) string {
	return "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, " +
		"e.g. keyid/date/region/service/term, got '" + got + "'"
}

func badDate(got string) string {
	return "IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got '" + got +
		"'. See http://en.wikipedia.org/wiki/ISO_8601"
}

func TestParseHeader(t *testing.T) {
	good := authorization(scope, "host;x-amz-date", goodMAC)
	incomplete := func(missing, value string) string {
		return "IncompleteSignatureException: " + missing + "Authorization=" + value
	}
	tests := []struct {
		name, authorization, amzDate, date string
		want                               string
	}{
		{"complete", good, stamp, "", "ok"},
		{"only commas", strings.ReplaceAll(good, ", ", ","), stamp, "", "ok"},
		{"only blanks", strings.ReplaceAll(good, ",", ""), stamp, "", "ok"},
		{"other order and unknown parameter", "AWS4-HMAC-SHA256 New=1,Signature=" + goodMAC +
			",SignedHeaders=host, Credential=" + scope + ",", stamp, "", "ok"},
		{"upper-case names", authorization(scope, "Host;X-Amz-Date", goodMAC), stamp, "", "ok"},
		{"authority", authorization(scope, ":authority", goodMAC), stamp, "", "ok"},
		{"date header, basic", good, "", stamp, "ok"},
		{"date header, GMT", good, "", "Sun, 22 Nov 2026 00:55:00 GMT", "ok"},
		{"date header, zone", good, "", "Sun, 22 Nov 2026 02:55:00 +0200", "ok"},
		{"x-amz-date wins", good, stamp, "nonsense", "ok"},

		{"nothing", "", "", "", "MissingAuthenticationTokenException: Missing Authentication Token"},
		{"nothing but a date", "", stamp, "", "MissingAuthenticationTokenException: Missing Authentication Token"},
		{"API key", "YOUR API KEY", "", "", incomplete(needCredential+needSignature+needHeaders+needDate, "YOUR API KEY")},
		{"API key and date", "a", stamp, "", incomplete(needCredential+needSignature+needHeaders, "a")},
		{"SigV4a", "AWS4-ECDSA-P256-SHA256 Credential=a", stamp, "", "IncompleteSignatureException: " +
			"Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "},
		{"algorithm with a tail", "AWS4-HMAC-SHA256x Credential=a", stamp, "", "IncompleteSignatureException: " +
			"Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA256x' (only AWS4-HMAC-SHA256 for now). "},
		{"algorithm only", "AWS4-HMAC-SHA256", "", "", incomplete(needCredential+needSignature+needHeaders+needDate, "AWS4-HMAC-SHA256")},
		{"no credential", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=a", stamp, "",
			incomplete(needCredential, "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=a")},
		{"no signature", "AWS4-HMAC-SHA256 SignedHeaders=host, Credential=a", stamp, "",
			incomplete(needSignature, "AWS4-HMAC-SHA256 SignedHeaders=host, Credential=a")},
		{"no signed headers", "AWS4-HMAC-SHA256 Signature=a, Credential=a", stamp, "",
			incomplete(needHeaders, "AWS4-HMAC-SHA256 Signature=a, Credential=a")},
		{"no equal sign", "AWS4-HMAC-SHA256 Signature, Credential=a, SignedHeaders=host", stamp, "",
			incomplete(needSignature, "AWS4-HMAC-SHA256 Signature, Credential=a, SignedHeaders=host")},
		{"other case of a parameter", "AWS4-HMAC-SHA256 signature=a, Credential=a, SignedHeaders=host", stamp, "",
			incomplete(needSignature, "AWS4-HMAC-SHA256 signature=a, Credential=a, SignedHeaders=host")},
		{"no date", good, "", "", incomplete(needDate, good)},

		{"placeholder date", good, "xAmzDate_example", "", badDate("xAmzDate_example")},
		{"extended date", good, "2026-11-22T00:55:00Z", "", badDate("2026-11-22T00:55:00Z")},
		{"fraction of a second", good, "20261122T005500.5Z", "", badDate("20261122T005500.5Z")},
		{"no such day", good, "20260230T005500Z", "", badDate("20260230T005500Z")},
		{"zone", good, "20261122T005500+", "", badDate("20261122T005500+")},
		{"RFC 1123 in x-amz-date", good, "Sun, 22 Nov 2026 00:55:00 GMT", "", badDate("Sun, 22 Nov 2026 00:55:00 GMT")},
		{"date header, named zone", good, "", "Sun, 22 Nov 2026 00:55:00 EST", badDate("Sun, 22 Nov 2026 00:55:00 EST")},

		{"host not signed", authorization(scope, "x-amz-date", goodMAC), stamp, "", needHost},
		{"no header signed", authorization(scope, "", goodMAC), stamp, "", needHost},
		{"descending", authorization(scope, "x-amz-date;host", goodMAC), stamp, "", ascending},
		{"named twice", authorization(scope, "host;host", goodMAC), stamp, "", ascending},
		{"named twice in other case", authorization(scope, "Host;host", goodMAC), stamp, "", ascending},
		{"empty name", authorization(scope, ";host", goodMAC), stamp, "", ascending},
		{"empty last name", authorization(scope, "host;", goodMAC), stamp, "", ascending},

		{"empty credential", authorization("", "host", goodMAC), stamp, "", fiveParts("")},
		{"four parts", authorization("a/b/c/d", "host", goodMAC), stamp, "", fiveParts("a/b/c/d")},
		{"six parts", authorization("a/"+scope, "host", goodMAC), stamp, "", fiveParts("a/" + scope)},

		{"empty signature", authorization(scope, "host", ""), stamp, "", badHex},
		{"short signature", authorization(scope, "host", goodMAC[1:]), stamp, "", badHex},
		{"long signature", authorization(scope, "host", goodMAC+"0"), stamp, "", badHex},
		{"not hexadecimal", authorization(scope, "host", "g"+goodMAC[1:]), stamp, "", badHex},
		{"upper-case digits", authorization(scope, "host", strings.ToUpper(goodMAC)), stamp, "", badHex},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &http.Request{URL: new(url.URL), Header: make(http.Header)}
			for name, value := range map[string]string{
				"Authorization": test.authorization, "X-Amz-Date": test.amzDate, "Date": test.date,
			} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			s, err := Parse(r)
			if got := message(err); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if err == nil && (!s.Time.Equal(testNow) || s.stamp != stamp) {
				t.Errorf("time is %v, %s", s.Time, s.stamp)
			}
		})
	}
}

func TestParseQuery(t *testing.T) {
	const (
		must = "AWS query-string parameters must include "
		re   = "Re-examine the query-string parameters."
		all  = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + scope + "&X-Amz-Date=" + stamp +
			"&X-Amz-SignedHeaders=host&X-Amz-Signature=" + goodMAC
	)
	tests := []struct{ name, query, want string }{
		{"complete", all, "ok"},
		{"escaped", url.PathEscape(strings.ReplaceAll(all, "X-", "%58-")), "MissingAuthenticationTokenException: Missing Authentication Token"},
		{"escaped keys and values", strings.NewReplacer("X-", "%58%2D", "/", "%2F").Replace(all), "ok"},
		{"bare semicolon", strings.Replace(all, "=host", "=host;x-a", 1), "ok"},
		{"other parameters", "Action=MeterUsage&&a=%zz&" + all, "ok"},

		{"no marker", strings.Replace(all, "X-Amz-Algorithm", "X-Amz-Other", 1), "MissingAuthenticationTokenException: Missing Authentication Token"},
		{"marker only", "X-Amz-Algorithm", "IncompleteSignatureException: " + must + "'X-Amz-Algorithm'. " + must + "'X-Amz-Credential'. " +
			must + "'X-Amz-Signature'. " + must + "'X-Amz-SignedHeaders'. " + must + "'X-Amz-Date'. " + re},
		{"no credential", strings.Replace(all, "X-Amz-Credential", "x", 1), "IncompleteSignatureException: " + must + "'X-Amz-Credential'. " + re},
		{"no date", strings.Replace(all, "X-Amz-Date", "x", 1), "IncompleteSignatureException: " + must + "'X-Amz-Date'. " + re},
		{"empty date", strings.Replace(all, stamp, "", 1), "IncompleteSignatureException: " + must + "'X-Amz-Date'. " + re},
		{"other algorithm", strings.Replace(all, "SHA256", "SHA25", 1), "IncompleteSignatureException: " +
			"Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). "},
		{"bad date", strings.Replace(all, stamp, "201", 1), badDate("201")},
		{"host not signed", strings.Replace(all, "=host", "=x-amz-target", 1), needHost},
		{"four parts", strings.Replace(all, "/aws4_request", "", 1), fiveParts(strings.TrimSuffix(scope, "/aws4_request"))},
		{"bad signature", all + "0", badHex},

		{"life of a week", all + "&X-Amz-Expires=604800", "ok"},
		{"life over a week", all + "&X-Amz-Expires=604801", "IncompleteSignatureException: X-Amz-Expires must be less than a week (in seconds); " +
			"that is, the given X-Amz-Expires must be less than 604800 seconds"},
		{"life below nothing", all + "&X-Amz-Expires=-1", "IncompleteSignatureException: X-Amz-Expires must be non-negative"},
		{"life of words", all + "&X-Amz-Expires=1h", "IncompleteSignatureException: X-Amz-Expires should be a number"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(&http.Request{URL: &url.URL{RawQuery: test.query}})
			if got := message(err); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestParseBothForms(t *testing.T) {
	r := &http.Request{URL: &url.URL{RawQuery: "X-Amz-Algorithm=a"}, Header: make(http.Header)}
	r.Header.Set("X-Amz-Date", stamp)
	r.Header.Set("Authorization", authorization(scope, "host", goodMAC))
	_, err := Parse(r)
	if got, want := message(err), "InvalidSignatureException: Found both 'X-Amz-Algorithm' as a query-string param "+
		"and 'Authorization' as HTTP header."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r.Header.Set("Authorization", "YOUR API KEY")
	if _, err := Parse(r); !errors.Is(err, ErrOtherScheme) {
		t.Errorf("an API key with X-Amz-Algorithm in the query: %v", err)
	}
}

// TestParseKinds shows what a caller can tell apart: no authentication, an
// Authorization of another kind, and a signature that is wrong.
func TestParseKinds(t *testing.T) {
	tests := []struct {
		authorization   string
		absent, foreign bool
	}{
		{"", true, false},
		{"YOUR API KEY", false, true},
		{"Bearer abc", false, true},
		{"AWS4-ECDSA-P256-SHA256 Credential=a", false, true},
		{"AWS4-HMAC-SHA256", false, false},
		{"AWS4-HMAC-SHA256 Credential=a", false, false},
	}
	for _, test := range tests {
		r := &http.Request{URL: new(url.URL), Header: http.Header{"Authorization": {test.authorization}}}
		_, err := Parse(r)
		if absent := err == ErrAbsent; absent != test.absent {
			t.Errorf("%q: absent is %t", test.authorization, absent)
		}
		if foreign := errors.Is(err, ErrOtherScheme); foreign != test.foreign {
			t.Errorf("%q: other scheme is %t", test.authorization, foreign)
		}
	}
}

func TestParseClaims(t *testing.T) {
	r := draft{target: "/?Action=x", presigned: true, expires: "90", token: "to+ken/=="}.sign(t)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	got := *s
	got.mac = [32]byte{}
	want := Signature{
		AccessKeyID: testKeyID, Date: "20261122", Region: testRegion, Service: testService,
		SignedHeaders: "content-type;host", Time: testNow, Expires: 90e9, Presigned: true,
		SessionToken: "to+ken/==", stamp: stamp, terminator: "aws4_request",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Signature{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// FuzzParse looks for panics, and for errors that are not of this package.
func FuzzParse(f *testing.F) {
	f.Add(authorization(scope, "host;x-amz-date", goodMAC), stamp, "", "", "/")
	f.Add("YOUR API KEY", "xAmzDate_example", "", "", "//")
	f.Add("", "", "Sun, 22 Nov 2026 00:55:00 GMT", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="+scope+
		"&X-Amz-Date="+stamp+"&X-Amz-SignedHeaders=host%3Bx&X-Amz-Signature="+goodMAC+"&X-Amz-Expires=1", "/a/../b")
	f.Fuzz(func(t *testing.T, authorization, amzDate, date, query, path string) {
		r := &http.Request{
			Method: "POST", Host: "h", RequestURI: path, URL: &url.URL{Path: path, RawQuery: query},
			Header: http.Header{"Authorization": {authorization}, "X-Amz-Date": {amzDate}, "Date": {date}},
		}
		s, err := Parse(r)
		if (s == nil) != (err != nil) {
			t.Fatalf("got %v and %v", s, err)
		}
		errs := []error{err}
		if err == nil {
			errs = []error{s.CheckTime(testNow), s.CheckScope(testService, onlyTestRegion), s.Verify(new(KeyCache), testSecret, r, nil)}
		}
		for _, err := range errs {
			if _, ours := errors.AsType[*Error](err); err != nil && !ours {
				t.Errorf("got %T", err)
			}
		}
	})
}
