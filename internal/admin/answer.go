package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/meterd/meterd/internal/mistake"
)

// problem is an answer that says no. Its Text is for people.
type problem struct {
	status int
	allow  string

	Text string `json:"error"`
	// Mistakes lists each of several.
	Mistakes []mistake.Mistake `json:"mistakes,omitempty"`
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

// fail answers with an error: as it says if it is a problem, else as a fault.
func (a *Admin) fail(w http.ResponseWriter, err error) {
	var p *problem
	if !errors.As(err, &p) {
		a.logger.Error("admin request failed", "err", err)
		p = refuse(http.StatusInternalServerError, "%v", err)
	}
	p.write(w)
}

// answer makes a handler of a function that returns what is to be answered.
func (a *Admin) answer(f func(*http.Request) (any, error)) http.HandlerFunc {
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
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // people read it, and no page shows it
	if err := encoder.Encode(value); err != nil {
		// unreachable unless a type here cannot be written as JSON.
		status = http.StatusInternalServerError
		body.Reset()
		body.WriteString(`{"error": "the answer cannot be encoded"}` + "\n")
	}
	head := w.Header()
	head.Set("Content-Type", "application/json")
	head.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has gone is no trouble of ours.
	_, _ = w.Write(body.Bytes())
}
