package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/meterd/meterd/api"
)

// Explanation is an answer of the service in plain words.
type Explanation struct {
	// Name is the exception, status or kind of failure that is explained.
	Name string
	// What has happened.
	What string
	// Why it usually happens.
	Why string
	// Do is the way out.
	Do string
	// Retry says whether sending again can help.
	Retry Retry
}

// Retry says what sending again can do.
type Retry string

const (
	// RetryNever: the same request will be refused again.
	RetryNever Retry = "no, the answer stays the same"
	// RetryUnchanged: the same request may pass later. It is safe: a record
	// that is there already stays as it is.
	RetryUnchanged Retry = "yes, unchanged and with growing pauses"
	// RetryFixed: the request may pass once its cause is removed.
	RetryFixed Retry = "yes, after the cause is removed"
	// RetryNeedless: it has worked.
	RetryNeedless Retry = "not needed"
)

// Names of what is explained besides exceptions and statuses.
const (
	explainSuccess     = "200 OK"
	explainUnprocessed = "UnprocessedRecords"
	explainConnection  = "no connection"
	explainTimeout     = "no answer in time"
	explainCanceled    = "cancelled"
	explainCredentials = "no credentials"
	explainExpired     = "expired credentials"
	explainUnreadable  = "unreadable answer"
	explainRedirect    = "redirect"
	explainClock       = "wrong clock"
	explainScope       = "wrong signing scope"
)

// String prints an explanation for people.
func (e Explanation) String() string {
	return fmt.Sprintf("%s\n  What happened:    %s\n  Why, usually:     %s\n  What to do:       %s\n  Will a retry do?  %s\n", e.Name, e.What, e.Why, e.Do, e.Retry)
}

// explanations indexes the table by name.
var explanations = func() map[string]Explanation {
	index := map[string]Explanation{}
	for _, e := range table {
		index[e.Name] = e
	}
	return index
}()

// Explain explains an exception. What it says of a name that it does not know
// is general.
func Explain(name api.ExceptionName) Explanation {
	if e, ok := explanations[string(name)]; ok {
		return e
	}
	return Explanation{
		Name:  string(name),
		What:  "The service refused the call with an exception that this client does not know.",
		Why:   "The service is newer than this client, or something in front of it has answered.",
		Do:    "Read the message; look the name up in the service's reference.",
		Retry: RetryFixed,
	}
}

// ExplainStatus explains the verdict on a record.
func ExplainStatus(status api.UsageRecordResultStatus) Explanation {
	return Explain(api.ExceptionName(status))
}

// ExplainResponse explains a captured answer: the exception that it carries,
// or each kind of verdict in a batch.
func ExplainResponse(status int, header http.Header, body []byte) []Explanation {
	if status != http.StatusOK {
		response := &http.Response{StatusCode: status, Status: fmt.Sprint(status, " ", http.StatusText(status)), Header: header}
		return []Explanation{readError(response, body).Explanation()}
	}
	result, err := decodeBatch(body)
	if err != nil {
		return []Explanation{explanations[explainUnreadable]}
	}
	var list []Explanation
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			list = append(list, Explain(api.ExceptionName(name)))
		}
	}
	for _, r := range result.Results {
		add(string(r.Status))
	}
	if len(result.UnprocessedRecords) > 0 {
		add(explainUnprocessed)
	}
	if len(list) == 0 {
		add(explainSuccess)
	}
	return list
}

// Explanation explains the failure.
func (e *Error) Explanation() Explanation {
	if e.API != nil {
		return explainRefusal(e.API)
	}
	if e.Status >= 300 && e.Status < 400 {
		return explanations[explainRedirect]
	}
	return explanations[failureName(e.Err)]
}

// explainRefusal tells apart what goes by one name: only the message does.
func explainRefusal(e *api.Error) Explanation {
	switch {
	case e.Name == api.ExpiredTokenException && strings.Contains(e.Message, "security token"):
		return explanations[explainExpired]
	case e.Name == api.InvalidSignatureException && (strings.Contains(e.Message, "expired") || strings.Contains(e.Message, "not yet current")):
		return explanations[explainClock]
	case e.Name == api.InvalidSignatureException && strings.Contains(e.Message, "scoped"):
		return explanations[explainScope]
	}
	return Explain(e.Name)
}

// failureName classifies a failure that is no refusal.
func failureName(err error) string {
	var (
		credentials *credentialsError
		timeout     net.Error
		connection  *connectionError
	)
	switch {
	case errors.As(err, &credentials):
		return explainCredentials
	case errors.Is(err, context.Canceled):
		return explainCanceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return explainTimeout
	case errors.As(err, &connection):
		return explainConnection
	}
	return explainUnreadable
}
