package server

import (
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/marketplace"
)

// TestMalformedProtocol is about requests in no dialect, or with nothing to
// say who sent them.
func TestMalformedProtocol(t *testing.T) {
	const target = "X-Amz-Target: AWSMPMeteringService.ResolveCustomer"
	unsignedJSON := refused("MissingAuthenticationTokenException", "Missing Authentication Token")
	signed := call{op: "ResolveCustomer", body: resolveBody}
	with := func(header, value string) string {
		c := signed
		c.header = map[string]string{header: value}
		return c.raw(t)
	}
	by := func(method string) string {
		c := signed
		c.method = method
		return c.raw(t)
	}
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"unsigned GET", message("GET / HTTP/1.1", ""), missingTokenXML},
		{"unsigned OPTIONS", message("OPTIONS / HTTP/1.1", ""), missingTokenXML},
		{"unsigned HEAD", message("HEAD / HTTP/1.1", ""), missingTokenXML},
		{"unsigned PUT", message("PUT / HTTP/1.1", "{}"), missingTokenXML},
		{"unsigned DELETE", message("DELETE / HTTP/1.1", ""), missingTokenXML},
		{"unsigned GET that speaks JSON", message("GET / HTTP/1.1", "", "Content-Type: "+awsJSON, target), missingTokenXML},
		{"a method nobody knows", message("BREW /pot HTTP/1.1", ""), missingTokenXML},
		{"a bare POST", unsigned(""), missingTokenXML},
		{"an unsigned form", unsigned("a=b", "Content-Type: application/x-www-form-urlencoded"), missingTokenXML},
		{"unsigned CBOR", unsigned("\xa0", "Content-Type: application/cbor"), missingTokenXML},
		{"signed GET", by("GET"), unknownXML},
		{"signed PUT", by("PUT"), unknownXML},
		{"signed DELETE", by("DELETE"), unknownXML},
		{"signed HEAD", by("HEAD"), unknownXML},
		{"signed JSON 1.0", with("Content-Type", "application/x-amz-json-1.0"), unknownXML},
		{"unsigned JSON 1.0", unsigned("{}", "Content-Type: application/x-amz-json-1.0", target), unknownXML},
		{"signed, no type, no target", call{body: "{}", header: map[string]string{"Content-Type": ""}}.raw(t), unknownXML},
		{"signed, a type and a target of another service", call{body: "{}", header: map[string]string{"Content-Type": "text/plain", "X-Amz-Target": "Kinesis_20131202.ListStreams"}}.raw(t), unknownXML},
		{"signed, no type, with a target", with("Content-Type", ""), goodPlain},
		{"signed, as curl sends it", with("Content-Type", "application/x-www-form-urlencoded"), goodPlain},
		{"signed, in capitals and with a charset", with("Content-Type", "Application/X-AMZ-JSON-1.1; charset=UTF-8"), good},
		{"unsigned JSON", unsigned(resolveBody, "Content-Type: "+awsJSON, target), unsignedJSON},
		{"unsigned JSON without a target", unsigned("{}", "Content-Type: "+awsJSON), unsignedJSON},
		{"unsigned with a target only", unsigned("{}", target), unsignedJSON.in(plainJSON)},
		{"unsigned plain JSON", unsigned(resolveBody, "Content-Type: application/json", target), unsignedJSON.in(plainJSON)},
		{"unsigned plain JSON in capitals", unsigned(resolveBody, "Content-Type: Application/JSON"), unsignedJSON.in(plainJSON)},
		{"unsigned and not even JSON", unsigned("{", "Content-Type: "+awsJSON, "X-Amz-Target: nonsense"), unsignedJSON},
	})
}

// TestMalformedProtocolStrictly is the real service's way with odd types.
func TestMalformedProtocolStrictly(t *testing.T) {
	market := wideMarket()
	market.Settings.Switches = map[string]string{"refuseOddContentType": "true"}
	odd := call{op: "ResolveCustomer", body: resolveBody, header: map[string]string{"Content-Type": ""}}
	checkMalformed(t, listen(t, open(t, market)), []malformed{
		{"signed, no type, with a target", odd.raw(t), unknownXML},
	})
}

// TestAnonymousCalls is about a marketplace that takes calls without proof.
func TestAnonymousCalls(t *testing.T) {
	market := wideMarket()
	market.Sellers[0].Credentials = append(market.Sellers[0].Credentials, marketplace.Credential{Anonymous: true, User: "nobody"})
	checkMalformed(t, listen(t, open(t, market)), []malformed{
		{"plain JSON", unsigned(resolveBody, "Content-Type: application/json", "Action: ResolveCustomer"), goodPlain},
		{"AWS's dialect", unsigned(resolveBody, "Content-Type: "+awsJSON, "X-Amz-Target: AWSMPMeteringService.ResolveCustomer"), refused("MissingAuthenticationTokenException", "Missing Authentication Token")},
		{"a wrong key is not nobody's", strings.Replace(plainCall("ResolveCustomer", resolveBody), "YOUR API KEY", "GUESSED", 1), refused("UnrecognizedClientException", "The security token included in the request is invalid.").in(plainJSON)},
	})
}

// TestMalformedOperations is about calls that nobody has an answer to.
func TestMalformedOperations(t *testing.T) {
	unknown := refused("UnknownOperationException", "")
	to := func(target string) string {
		return call{body: resolveBody, header: map[string]string{"X-Amz-Target": target}}.raw(t)
	}
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"unknown name", to("AWSMPMeteringService.GetUsage"), unknown},
		{"wrong case", to("AWSMPMeteringService.resolveCustomer"), unknown},
		{"wrong case of the prefix", to("awsmpmeteringservice.ResolveCustomer"), unknown},
		{"another service", to("AWSMPEntitlementService.GetEntitlements"), unknown},
		{"prefix only", to("AWSMPMeteringService."), unknown},
		{"prefix twice", to("AWSMPMeteringService.AWSMPMeteringService.ResolveCustomer"), unknown},
		{"no target", to(""), unknown},
		{"no prefix", to("ResolveCustomer"), good},
		{"only the body tells, in AWS's dialect", to("xAmzTarget_example"), unknown},
		{"only the body tells", strings.Replace(plainCall("", resolveBody), "AWSMPMeteringService.", "xAmzTarget_example", 1), goodPlain},
		{"not even the body tells", strings.Replace(plainCall("", "{}"), "AWSMPMeteringService.", "xAmzTarget_example", 1), unknown.in(plainJSON)},
		{"an unknown name is not overruled by the body", plainCall("GetUsage", resolveBody), unknown.in(plainJSON)},
		{"an unknown action", unsigned("{}", "Content-Type: application/json", "Authorization: YOUR API KEY", "Action: Nonsense"), unknown.in(plainJSON)},
	})
}
