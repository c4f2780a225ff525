package wire

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/meterd/meterd/api"
)

// Reply is an answer ready to be sent.
type Reply struct {
	Status int
	// ContentType is empty for the two answers that are sent without one.
	ContentType string
	Body        []byte
}

// The two answers that are not JSON, byte for byte as observed.
const (
	missingTokenXML     = "<MissingAuthenticationTokenException>\n  <Message>Missing Authentication Token</Message>\n</MissingAuthenticationTokenException>\n"
	unknownOperationXML = "<UnknownOperationException/>\n"
)

// MissingAuthenticationToken answers a request that has neither credentials
// nor any sign of JSON about it, as a browser's has.
func MissingAuthenticationToken() *Reply {
	return &Reply{Status: http.StatusForbidden, Body: []byte(missingTokenXML)}
}

// UnknownProtocol answers a request that is in no dialect.
func UnknownProtocol() *Reply {
	return &Reply{Status: http.StatusNotFound, Body: []byte(unknownOperationXML)}
}

// ErrorReply is the answer that refuses a request in dialect d.
func ErrorReply(e *api.Error, d Dialect) *Reply {
	return &Reply{Status: e.Status, ContentType: d.ContentType(), Body: AppendError(nil, e)}
}

// Send writes the answer with its headers, spelled as the service spells them.
// Headers that are there already, such as those of CORS, stay. The body goes as
// it is, whatever encodings the client takes (M0017).
func (r *Reply) Send(w http.ResponseWriter, requestID string) error {
	header := w.Header()
	header[RequestIDHeader] = []string{requestID}
	header["Content-Length"] = []string{strconv.Itoa(len(r.Body))}
	// A nil entry keeps net/http from guessing a type where there is none.
	header["Content-Type"] = nil
	if r.ContentType != "" {
		header["Content-Type"] = []string{r.ContentType}
	}
	w.WriteHeader(r.Status)
	if _, err := w.Write(r.Body); err != nil {
		return fmt.Errorf("sending answer %s: %w", requestID, err)
	}
	return nil
}
