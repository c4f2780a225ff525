package server

import (
	"strings"
	"testing"
	"time"
)

// TestMalformedSignatures is about who asks, and in whose words they are told
// that they may not.
func TestMalformedSignatures(t *testing.T) {
	invalid := func(text string) want { return refused("InvalidSignatureException", text) }
	mismatch := invalid("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	unrecognized := refused("UnrecognizedClientException", "The security token included in the request is invalid.")
	resolve := func(change func(*call)) string {
		c := call{op: "ResolveCustomer", body: resolveBody}
		change(&c)
		return c.raw(t)
	}
	well := resolve(func(*call) {})
	instead := func(old, new string) string {
		if !strings.Contains(well, old) {
			t.Fatalf("%q is not in %q", old, well)
		}
		return strings.Replace(well, old, new, 1)
	}
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"wrong service", resolve(func(c *call) { c.service = "metering.marketplace" }), invalid("Credential should be scoped to correct service: 'aws-marketplace'. ")},
		{"wrong region", resolve(func(c *call) { c.region = "us-west-9" }), invalid("Credential should be scoped to a valid region, not 'us-west-9'. ")},
		{"wrong region and service", resolve(func(c *call) { c.region, c.service = "x", "y" }), invalid("Credential should be scoped to a valid region, not 'x'. Credential should be scoped to correct service: 'aws-marketplace'. ")},
		{"wrong end of the scope", instead("aws4_request", "aws5_request"), invalid("Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ")},
		{"wrong day in the scope", instead("/20261122/", "/20261121/"), invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261121' != '20261122', from '20261122T005500Z'.")},
		{"too old", resolve(func(c *call) { c.at = now.Add(-5*time.Minute - time.Second) }), invalid("Signature expired: 20261122T004959Z is now earlier than 20261122T005000Z (20261122T005500Z - 5 min.)")},
		{"just young enough", resolve(func(c *call) { c.at = now.Add(-5 * time.Minute) }), good},
		{"too early", resolve(func(c *call) { c.at = now.Add(5*time.Minute + time.Second) }), invalid("Signature not yet current: 20261122T010001Z is still later than 20261122T010000Z (20261122T005500Z + 5 min.)")},
		{"just late enough", resolve(func(c *call) { c.at = now.Add(5 * time.Minute) }), good},
		{"too old and for another service", resolve(func(c *call) { c.at, c.service = now.Add(-time.Hour), "s3" }), invalid("Signature expired: 20261121T235500Z is now earlier than 20261122T005000Z (20261122T005500Z - 5 min.)")},

		{"unknown access key", resolve(func(c *call) { c.key = "AKIDNOBODY" }), unrecognized},
		{"unknown access key for another service", resolve(func(c *call) { c.key, c.service = "AKIDNOBODY", "s3" }), invalid("Credential should be scoped to correct service: 'aws-marketplace'. ")},
		{"wrong secret", resolve(func(c *call) { c.secret = "guessed" }), mismatch},
		{"session", resolve(func(c *call) { c.key, c.session = "AKIDSESSION", "session-token" }), good},
		{"wrong session token", resolve(func(c *call) { c.key, c.session = "AKIDSESSION", "guessed" }), unrecognized},
		{"no session token", resolve(func(c *call) { c.key = "AKIDSESSION" }), unrecognized},
		{"session token of a user", resolve(func(c *call) { c.session = "session-token" }), unrecognized},
		{"session that is over", resolve(func(c *call) { c.key, c.session = "AKIDEXPIRED", "session-token" }), refused("ExpiredTokenException", "The security token included in the request is expired")},
		{"session that is over, wrong secret", resolve(func(c *call) { c.key, c.session, c.secret = "AKIDEXPIRED", "session-token", "guessed" }), mismatch},

		{"altered body", instead("tok+", "tok-"), mismatch},
		{"altered host", instead("Host: 127.0.0.1:8421", "Host: 127.0.0.1:8422"), mismatch},
		{"altered path", instead("POST / ", "POST /x "), mismatch},
		{"altered query", instead("POST / ", "POST /?x "), mismatch},
		{"altered signed header", instead("Content-Type: application/x-amz-json-1.1", "Content-Type: application/x-amz-json-1.1;"), mismatch},
		{"altered operation", instead("Service.ResolveCustomer", "Service.MeterUsage"), mismatch},
		{"signed header that is gone", instead("X-Amz-Target: AWSMPMeteringService.ResolveCustomer\r\n", ""), mismatch},
		{"signature of zeros", instead("Signature=", "Signature="+strings.Repeat("0", 64)+", X="), mismatch},
		{"claimed hash of the body", strings.Replace(instead("tok+", "tok-"), "\r\n", "\r\nX-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n", 1), mismatch},
	})
}

// TestMalformedAuthorization is about headers that no signer made.
func TestMalformedAuthorization(t *testing.T) {
	const (
		noCredential = "Authorization header requires 'Credential' parameter. "
		noSignature  = "Authorization header requires 'Signature' parameter. "
		noHeaders    = "Authorization header requires 'SignedHeaders' parameter. "
		noDate       = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "

		scope = "Credential=AKIDEXAMPLE/20261122/us-east-1/aws-marketplace/aws4_request"
		zeros = "Signature=0000000000000000000000000000000000000000000000000000000000000000"
	)
	incomplete := func(text string) want { return refused("IncompleteSignatureException", text) }
	invalid := func(text string) want { return refused("InvalidSignatureException", text) }
	with := func(authorization string, lines ...string) string {
		return unsigned(resolveBody, append(lines, "Content-Type: "+awsJSON, "X-Amz-Target: AWSMPMeteringService.ResolveCustomer", "Authorization: "+authorization)...)
	}
	const date = "X-Amz-Date: 20261122T005500Z"
	whole := "AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host, " + zeros
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"the algorithm and nothing else", with("AWS4-HMAC-SHA256"), incomplete(noCredential + noSignature + noHeaders + noDate + "Authorization=AWS4-HMAC-SHA256")},
		{"no credential", with("AWS4-HMAC-SHA256 SignedHeaders=host, "+zeros, date), incomplete(noCredential + "Authorization=AWS4-HMAC-SHA256 SignedHeaders=host, " + zeros)},
		{"no signature", with("AWS4-HMAC-SHA256 "+scope+", SignedHeaders=host", date), incomplete(noSignature + "Authorization=AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host")},
		{"no signed headers", with("AWS4-HMAC-SHA256 "+scope+", "+zeros, date), incomplete(noHeaders + "Authorization=AWS4-HMAC-SHA256 " + scope + ", " + zeros)},
		{"no date", with(whole), incomplete(noDate + "Authorization=" + whole)},
		{"another form of date", with(whole, "X-Amz-Date: 2026-11-22T00:55:00Z"), incomplete("Date must be in ISO-8601 'basic format'. Got '2026-11-22T00:55:00Z'. See http://en.wikipedia.org/wiki/ISO_8601")},
		{"a fraction of a second", with(whole, "X-Amz-Date: 20261122T005500.5Z"), incomplete("Date must be in ISO-8601 'basic format'. Got '20261122T005500.5Z'. See http://en.wikipedia.org/wiki/ISO_8601")},
		{"a short credential", with(strings.Replace(whole, "/aws4_request", "", 1), date), incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20261122/us-east-1/aws-marketplace'")},
		{"the host is not signed", with(strings.Replace(whole, "=host", "=x-amz-date", 1), date), invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")},
		{"signed headers out of order", with(strings.Replace(whole, "=host", "=x-amz-date;host", 1), date), invalid("'SignedHeaders' must be in ascending order and name each header once.")},
		{"a signature in capitals", with(strings.Replace(whole, "Signature=0", "Signature=A", 1), date), invalid("'Signature' must be 64 lower-case hexadecimal digits.")},
		{"a signature that is too long", with(whole+"0", date), invalid("'Signature' must be 64 lower-case hexadecimal digits.")},
		{"another scheme", with("Bearer abc"), incomplete(noCredential + noSignature + noHeaders + noDate + "Authorization=Bearer abc")},
		{"an API key", with("YOUR API KEY", date), incomplete(noCredential + noSignature + noHeaders + "Authorization=YOUR API KEY")},
		{"another algorithm", with("AWS4-ECDSA-P256-SHA256 " + scope), incomplete("Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). ")},
	})
}

func TestMalformedAPIKeys(t *testing.T) {
	unrecognized := refused("UnrecognizedClientException", "The security token included in the request is invalid.").in(plainJSON)
	with := func(key string) string {
		return strings.Replace(plainCall("ResolveCustomer", resolveBody), "YOUR API KEY", key, 1)
	}
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"as it is", with("YOUR API KEY"), goodPlain},
		{"behind a word", with("Token YOUR API KEY"), goodPlain},
		{"behind two words", with("My Token YOUR API KEY"), unrecognized},
		{"cut short", with("YOUR API"), unrecognized},
		{"in another case", with("your api key"), unrecognized},
		{"with junk in the headers of signatures", strings.Replace(with("YOUR API KEY"), "\r\n", "\r\nX-Amz-Date: xAmzDate_example\r\nX-Amz-Content-Sha256: x\r\nX-Amz-Signature: x\r\nX-Amz-Credential: x\r\n", 1), goodPlain},
		{"an access key", with("AKIDEXAMPLE"), unrecognized},
		{"half a signature", with("AWS4-HMAC-SHA256 x"), refused("IncompleteSignatureException", "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256 x").in(plainJSON)},
		{"a signature", call{op: "ResolveCustomer", body: resolveBody, header: map[string]string{"Content-Type": plainJSON}}.raw(t), goodPlain},
	})
}

// TestMalformedPresignedRequests is about signatures in the query.
func TestMalformedPresignedRequests(t *testing.T) {
	incomplete := func(text string) want { return refused("IncompleteSignatureException", text) }
	presigned := func(change func(*call)) string {
		c := call{op: "ResolveCustomer", body: resolveBody, presigned: true}
		change(&c)
		return c.raw(t)
	}
	well := presigned(func(*call) {})
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"in order", well, good},
		{"for a minute, in its last second", presigned(func(c *call) { c.expires, c.at = "60", now.Add(-time.Minute) }), good},
		{"for a minute, afterwards", presigned(func(c *call) { c.expires, c.at = "60", now.Add(-time.Minute-time.Second) }), refused("InvalidSignatureException", "Signature expired: 20261122T005359Z is now earlier than 20261122T005400Z (20261122T005500Z - 1 min.)")},
		{"for ever", presigned(func(c *call) { c.expires = "604801" }), incomplete("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")},
		{"for no time", presigned(func(c *call) { c.expires = "-1" }), incomplete("X-Amz-Expires must be non-negative")},
		{"for some time", presigned(func(c *call) { c.expires = "soon" }), incomplete("X-Amz-Expires should be a number")},
		{"altered body", strings.Replace(well, "tok+", "tok-", 1), refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")},
		{"with an Authorization header as well", strings.Replace(well, "\r\n", "\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n", 1), refused("InvalidSignatureException", "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")},
		{"half", message("POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0 HTTP/1.1", "{}", "Content-Type: "+awsJSON), incomplete("AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.")},
		{"of a GET", call{op: "ResolveCustomer", method: "GET", presigned: true}.raw(t), unknownXML},
	})
}

// TestMalformedPermissions is about callers who are known and may not.
func TestMalformedPermissions(t *testing.T) {
	denied := func(text string) want { return refused("AccessDeniedException", text) }
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"not allowed", call{op: "BatchMeterUsage", body: batchBody, key: "AKIDREADER"}.raw(t), denied("User: arn:aws:iam::111122223333:user/reader is not authorized to perform: aws-marketplace:BatchMeterUsage because no identity-based policy allows the aws-marketplace:BatchMeterUsage action")},
		{"allowed", call{op: "ResolveCustomer", body: resolveBody, key: "AKIDREADER"}.raw(t), good},
		{"denied", call{op: "BatchMeterUsage", body: batchBody, key: "AKIDDENIED"}.raw(t), denied("User: arn:aws:iam::111122223333:user/denied is not authorized to perform: aws-marketplace:BatchMeterUsage with an explicit deny in an identity-based policy")},
		{"not denied", call{op: "ResolveCustomer", body: resolveBody, key: "AKIDDENIED"}.raw(t), good},
	})
}
