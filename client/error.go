package client

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/meterd/meterd/api"
)

// Error is why a call failed: the service refused it, the client did so in its
// stead (Attempts is 0 then), or no answer came that could be understood.
type Error struct {
	Operation api.Operation
	// API is the refusal; nil: there was none that could be read.
	API *api.Error
	// Status is the HTTP status of the last answer; 0: there was none.
	Status int
	// RequestID names the last answer, for AWS's support and meterd's log.
	RequestID string
	// Attempts is how many requests were sent.
	Attempts int
	// RetryAfter is how long the service asked to wait; 0: it did not say.
	RetryAfter time.Duration
	// OutcomeUnknown says that the call may have been carried out although it
	// failed. Repeat it unchanged: a record that is there already stays as it
	// is and answers Success.
	OutcomeUnknown bool
	// Err is what went wrong when API is nil.
	Err error
}

// Error says what happened and, after it, what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Operation))
	if e.API != nil {
		b.WriteString(" refused: " + strings.TrimSpace(e.API.Error()))
	} else {
		fmt.Fprintf(&b, " failed: %v", e.Err)
	}
	b.WriteString(" (")
	if e.Status != 0 {
		fmt.Fprintf(&b, "status %d, ", e.Status)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, "request %s, ", e.RequestID)
	}
	switch e.Attempts {
	case 0:
		b.WriteString("not sent)")
	case 1:
		b.WriteString("1 attempt)")
	default:
		fmt.Fprintf(&b, "%d attempts)", e.Attempts)
	}
	return b.String() + ". " + e.Explanation().Do
}

// Unwrap lets errors.As find the *api.Error, and errors.Is what went wrong.
func (e *Error) Unwrap() (list []error) {
	if e.API != nil {
		list = append(list, e.API)
	}
	if e.Err != nil {
		list = append(list, e.Err)
	}
	return list
}

// ErrorCode is the exception's name, as in errors of the official SDK.
func (e *Error) ErrorCode() string {
	if e.API == nil {
		return ""
	}
	return string(e.API.Name)
}

// HTTPStatusCode is the Status, as in errors of the official SDK.
func (e *Error) HTTPStatusCode() int { return e.Status }

// Is reports whether err is, or wraps, the exception of a name:
//
//	if client.Is(err, api.ThrottlingException) { … }
func Is(err error, name api.ExceptionName) bool {
	e, ok := errors.AsType[*api.Error](err)
	return ok && e.Name == name
}

// refuse is the client's own refusal of a call.
func refuse(op api.Operation, e *api.Error) *Error { return &Error{Operation: op, API: e} }

// Failures that are no refusals.
type (
	// connectionError is a request that got no answer, or half of one.
	connectionError struct{ err error }
	// unreadableError is an answer that is not the service's.
	unreadableError struct {
		contentType string
		err         error
	}
	// credentialsError is a call that could not be signed.
	credentialsError struct{ err error }
)

func (e *connectionError) Error() string { return "no answer: " + e.err.Error() }
func (e *connectionError) Unwrap() error { return e.err }

// ConnectionError tells the retryer that another attempt may do.
func (e *connectionError) ConnectionError() bool { return true }

func (e *unreadableError) Error() string {
	return fmt.Sprintf("the answer (%q) is not the service's: %v", e.contentType, e.err)
}
func (e *unreadableError) Unwrap() error { return e.err }

// RetryableError tells the retryer that another attempt may do.
func (e *unreadableError) RetryableError() bool { return true }

func (e *credentialsError) Error() string { return "no usable credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// RetryableError tells the retryer that looking again now finds nothing else.
func (e *credentialsError) RetryableError() bool { return false }
