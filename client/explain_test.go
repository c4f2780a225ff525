package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
)

// framework are the names that api has besides the model's.
var framework = []api.ExceptionName{
	api.AccessDeniedException, api.IncompleteSignatureException, api.InvalidSignatureException,
	api.MissingAuthenticationTokenException, api.RequestEntityTooLargeException, api.RequestHeaderFieldsTooLargeException,
	api.RequestTimeoutException, api.SerializationException, api.ServiceUnavailableException,
	api.UnknownOperationException, api.UnrecognizedClientException, api.ValidationException,
}

func TestEverythingIsExplained(t *testing.T) {
	names := framework
	for _, e := range api.Exceptions {
		names = append(names, e.Name)
	}
	for _, name := range names {
		if _, ok := explanations[string(name)]; !ok {
			t.Errorf("%s is not explained", name)
		}
	}
	for _, status := range []api.UsageRecordResultStatus{api.Success, api.CustomerNotSubscribed, api.DuplicateRecord} {
		if e := ExplainStatus(status); e.Name != string(status) || e.Retry == "" {
			t.Errorf("%s is explained as %+v", status, e)
		}
	}
	if len(explanations) != len(table) {
		t.Error("a name is explained twice")
	}
	for _, e := range append(table, Explain("NewException")) {
		for part, text := range map[string]string{"What": e.What, "Why": e.Why, "Do": e.Do} {
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "  ") {
				t.Errorf("%s of %s is no sentence: %q", part, e.Name, text)
			}
		}
		if text := e.String(); !strings.Contains(text, e.Name) || !strings.Contains(text, string(e.Retry)) || e.Retry == "" {
			t.Errorf("printed: %s", text)
		}
	}
}

// A retry is advised for what the client itself tries again, and for nothing
// that it gives up at once.
func TestAdviceAgreesWithTheClient(t *testing.T) {
	c := newClient(t, configOf(nil))
	for _, e := range api.Exceptions {
		err := &Error{API: &api.Error{Name: e.Name, Status: e.Status}, Status: e.Status}
		if advised := Explain(e.Name).Retry == RetryUnchanged; advised != c.retryer.IsErrorRetryable(err) {
			t.Errorf("%s: a retry is advised: %v, made: %v", e.Name, advised, !advised)
		}
	}
}

func TestExplainResponse(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   string
	}{
		{200, `{"Results":[{"Status":"Success"},{"Status":"DuplicateRecord"},{"Status":"Success"}],"UnprocessedRecords":[{"Dimension":"x"}]}`, "Success DuplicateRecord UnprocessedRecords"},
		{200, `{"MeteringRecordId":"x"}`, explainSuccess},
		{200, `{"Results":[],"UnprocessedRecords":[]}`, explainSuccess},
		{200, `<html>`, explainUnreadable},
		{400, `{"__type":"InvalidTokenException","message":"Registration token is invalid"}`, "InvalidTokenException"},
		{400, `{"__type":"ExpiredTokenException","message":"The submitted registration token has expired."}`, "ExpiredTokenException"},
		{400, `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`, explainExpired},
		{400, `{"__type":"InvalidSignatureException","message":"Signature expired: 20260901T000000Z is now earlier than 20260901T001000Z (20260901T001500Z - 5 min.)"}`, explainClock},
		{400, `{"__type":"InvalidSignatureException","message":"Signature not yet current: …"}`, explainClock},
		{400, `{"__type":"InvalidSignatureException","message":"Credential should be scoped to correct service: 'aws-marketplace'. "}`, explainScope},
		{400, `{"__type":"InvalidSignatureException","message":"The request signature we calculated does not match"}`, "InvalidSignatureException"},
		{403, "<MissingAuthenticationTokenException>\n</MissingAuthenticationTokenException>", "MissingAuthenticationTokenException"},
		{429, "", "ThrottlingException"},
		{302, "", explainRedirect},
		{502, "<html>", explainUnreadable},
		{400, `{"__type":"BrandNewException"}`, "BrandNewException"},
	} {
		var names []string
		for _, e := range ExplainResponse(test.status, http.Header{}, []byte(test.body)) {
			names = append(names, e.Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%d %s is explained as %s, want %s", test.status, test.body, got, test.want)
		}
	}
}

func TestFailuresAreExplained(t *testing.T) {
	broken := &connectionError{&url.Error{Op: "Post", URL: "http://x", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}}
	for want, err := range map[string]error{
		explainConnection:  broken,
		explainTimeout:     &connectionError{&url.Error{Op: "Post", URL: "http://x", Err: context.DeadlineExceeded}},
		explainCanceled:    &connectionError{&url.Error{Op: "Post", URL: "http://x", Err: context.Canceled}},
		explainCredentials: &credentialsError{broken},
		explainUnreadable:  &unreadableError{"text/html", errors.New("no")},
	} {
		if got := (&Error{Err: err}).Explanation().Name; got != want {
			t.Errorf("%v is explained as %q, want %q", err, got, want)
		}
	}
}

func TestErrorsSayAll(t *testing.T) {
	err := &Error{
		Operation: api.ResolveCustomer, API: &api.Error{Name: api.InvalidTokenException, Message: "Registration token is invalid", Status: 400},
		Status: 400, RequestID: "request-1", Attempts: 2,
	}
	const want = "ResolveCustomer refused: InvalidTokenException: Registration token is invalid (status 400, request request-1, 2 attempts). Decode the form value x-amzn-marketplace-token exactly once"
	if got := err.Error(); !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s…", got, want)
	}
	wrapped := errors.Join(errors.New("other"), err)
	if !Is(wrapped, api.InvalidTokenException) || Is(wrapped, api.ThrottlingException) || Is(nil, api.InvalidTokenException) || Is(errors.New("x"), "") {
		t.Error("Is does not find the exception by its name")
	}
}
