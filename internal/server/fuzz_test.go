package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/meterd/meterd/api"
)

// signers are the keys that a fuzzed request may be signed with: requests that
// nobody has signed get no further than the door.
var signers = []string{"", "AKIDEXAMPLE", "AKIDTASK", "AKIDAGENT", "AKIDREADER"}

// FuzzServeHTTP sends anything: the server answers in JSON or with one of its
// two texts in XML, and is never at fault itself.
func FuzzServeHTTP(f *testing.F) {
	s := open(f, wideMarket())
	for _, op := range api.Operations {
		body := map[api.Operation]string{
			api.BatchMeterUsage: batchBody, api.MeterUsage: meterBody,
			api.RegisterUsage: `{"ProductCode":"prod-box","PublicKeyVersion":1,"Nonce":"n"}`, api.ResolveCustomer: resolveBody,
		}[op]
		for signer := range signers {
			f.Add("POST", "", awsJSON, "AWSMPMeteringService."+string(op), "", body, uint8(signer))
		}
		f.Add("POST", "", plainJSON, string(op), "YOUR API KEY", body, uint8(0))
		f.Add("POST", "Action="+string(op), plainJSON, "", "Token YOUR API KEY", body, uint8(0))
	}
	f.Add("POST", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0", awsJSON, "", "", "{}", uint8(0))
	f.Add("POST", "", awsJSON, "", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0", "{}", uint8(0))
	f.Add("GET", "", "", "", "", "", uint8(0))
	f.Fuzz(func(t *testing.T, method, query, contentType, target, authorization, body string, signer uint8) {
		r := &http.Request{
			Method: method, URL: &url.URL{Path: "/", RawQuery: query}, Host: "127.0.0.1:8421", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {contentType}, "X-Amz-Target": {target}, "Authorization": {authorization}, "X-Amz-Date": {"20261122T005500Z"}},
			Body:   io.NopCloser(strings.NewReader(body)), ContentLength: -1,
		}
		if key := signers[int(signer)%len(signers)]; key != "" {
			r = call{body: body, key: key, header: map[string]string{"Content-Type": contentType, "X-Amz-Target": target}}.sign(t)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if problem := problemOf(w); problem != "" {
			t.Errorf("%s: %d %q %s", problem, w.Code, w.Header(), w.Body)
		}
	})
}

// problemOf says what no client could take in an answer, or nothing.
func problemOf(w *httptest.ResponseRecorder) string {
	body := w.Body.String()
	contentType := strings.Join(w.Header()["Content-Type"], ",")
	_, err := uuid.Parse(strings.Join(map[string][]string(w.Header())["x-amzn-RequestId"], ","))
	var e struct {
		Type string `json:"__type"`
	}
	switch {
	case w.Code >= 500:
		return "an internal error"
	case err != nil:
		return "no request id"
	case contentType == "":
		if w.Code == missingTokenXML.status && body == missingTokenXML.body || w.Code == unknownXML.status && body == unknownXML.body {
			return ""
		}
		return "neither JSON nor a known answer"
	case contentType != awsJSON && contentType != plainJSON:
		return "an unknown type"
	case !utf8.ValidString(body) || !strings.HasPrefix(body, "{") || json.Unmarshal([]byte(body), &e) != nil:
		return "no JSON object"
	case (w.Code == http.StatusOK) != (e.Type == ""):
		return "status and __type do not agree"
	}
	return ""
}
