package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/meterd/meterd/internal/outbox"
)

// problem is an answer that says no. Its Text is for people.
type problem struct {
	status int
	allow  string

	Text string `json:"error"`
	// Exists lists the requests that there are.
	Exists []string `json:"exists,omitempty"`
}

func (p *problem) Error() string { return p.Text }

func refuse(status int, format string, args ...any) *problem {
	return &problem{status: status, Text: fmt.Sprintf(format, args...)}
}

func (p *problem) write(w http.ResponseWriter) {
	if p.allow != "" {
		w.Header().Set("Allow", p.allow)
	}
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeJSON(w, p.status, p)
}

// faults are what the outbox says and what its caller is answered.
var faults = []struct {
	err    error
	status int
}{
	{outbox.ErrNoRecord, http.StatusNotFound},
	{outbox.ErrState, http.StatusConflict},
	{outbox.ErrNoRoom, http.StatusInsufficientStorage},
	{outbox.ErrStopped, http.StatusServiceUnavailable},
	{outbox.ErrUnknownOutcome, http.StatusServiceUnavailable},
	{outbox.ErrClosed, http.StatusServiceUnavailable},
}

// fail answers with an error.
func (a *Agent) fail(w http.ResponseWriter, err error) {
	if p, ok := errors.AsType[*problem](err); ok {
		p.write(w)
		return
	}
	for _, fault := range faults {
		if errors.Is(err, fault.err) {
			refuse(fault.status, "%v", err).write(w)
			return
		}
	}
	a.logger.Error("request failed", "err", err)
	refuse(http.StatusInternalServerError, "%v", err).write(w)
}

// answer makes a handler of a function that returns what is to be answered.
func (a *Agent) answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := f(r)
		if err != nil {
			a.fail(w, err)
			return
		}
		writeJSON(w, http.StatusOK, value)
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // people read it, and no page shows it
	if err := encoder.Encode(value); err != nil {
		// unreachable unless a type here cannot be written as JSON.
		status = http.StatusInternalServerError
		body.Reset()
		body.WriteString(`{"error":"the answer cannot be encoded"}` + "\n")
	}
	head := w.Header()
	head.Set("Content-Type", "application/json")
	head.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has gone is no trouble of ours.
	_, _ = w.Write(body.Bytes())
}

// decodeBody reads a JSON object into a struct, and refuses what that does not
// have. An empty body is an empty object.
func decodeBody(r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, bodyBytesMax))
	if err != nil {
		return unreadable(err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "the body is not as expected: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return refuse(http.StatusBadRequest, "the body has more after its JSON object")
	}
	return nil
}

// unreadable says why a body could not be read.
func unreadable(err error) *problem {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes; send less at once, or NDJSON, which may be of any length", tooLarge.Limit)
	}
	return refuse(http.StatusBadRequest, "the body cannot be read: %v", err)
}
