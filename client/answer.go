package client

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/meterd/meterd/api"
)

// readError makes an Error of an answer that is no success.
func readError(response *http.Response, body []byte) *Error {
	e := &Error{
		Status:     response.StatusCode,
		RequestID:  requestID(response.Header),
		RetryAfter: retryAfter(response.Header),
	}
	name, message := readException(response.Header, body)
	if name == "" {
		name = statusNames[response.StatusCode]
	}
	if name != "" {
		e.API = &api.Error{Name: name, Message: message, Status: response.StatusCode}
		return e
	}
	e.Err = &statusError{response.Status, response.Header.Get("Content-Type")}
	return e
}

// statusNames are the refusals that a proxy or load balancer words as a bare
// status.
var statusNames = map[int]api.ExceptionName{
	http.StatusRequestTimeout:        api.RequestTimeoutException,
	http.StatusRequestEntityTooLarge: api.RequestEntityTooLargeException,
	http.StatusTooManyRequests:       api.ThrottlingException,
	http.StatusServiceUnavailable:    api.ServiceUnavailableException,
}

// statusError is an answer of which only the status can be understood.
type statusError struct{ status, contentType string }

func (e *statusError) Error() string {
	return "the answer is " + e.status + ", and not the service's (Content-Type " + e.contentType + ")"
}

func requestID(h http.Header) string {
	if id := h.Get("x-amzn-RequestId"); id != "" {
		return id
	}
	return h.Get("x-amz-request-id")
}

// readException finds the exception's name where services are known to put it,
// and the message beside it.
func readException(h http.Header, body []byte) (name api.ExceptionName, message string) {
	var e struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string // and message: the decoder does not mind the case
	}
	if json.Unmarshal(body, &e) == nil {
		for _, text := range []string{e.Type, e.Code, h.Get("X-Amzn-ErrorType")} {
			if text != "" {
				return shortName(text), e.Message
			}
		}
		return "", e.Message
	}
	if name := xmlException(body); name != "" {
		return name, ""
	}
	return shortName(h.Get("X-Amzn-ErrorType")), ""
}

// shortName cuts the namespace before a name and the URL behind it.
func shortName(text string) api.ExceptionName {
	if _, after, found := strings.Cut(text, "#"); found {
		text = after
	}
	text, _, _ = strings.Cut(text, ":")
	return api.ExceptionName(text)
}

// xmlException reads the two answers that the service gives to what it does
// not take for a call: a document whose root is the exception.
func xmlException(body []byte) api.ExceptionName {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		if root, ok := token.(xml.StartElement); ok {
			if strings.HasSuffix(root.Name.Local, "Exception") {
				return api.ExceptionName(root.Name.Local)
			}
			return ""
		}
	}
}
