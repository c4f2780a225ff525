package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unsafe"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/auth"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/wire"
)

// answer takes a request up the ladder. The order of the rungs is M0001:
//
//	protocol → body → authentication → operation → deserialise →
//	permission → model validation → throttle → rules
//
// The last five are in adapter.go, because they know the operation's types.
func (s *Server) answer(x *exchange) *wire.Reply {
	if reply := s.readProtocol(x); reply != nil {
		return reply
	}
	if err := s.readBody(x); err != nil {
		return x.refuse(err)
	}
	if err := s.authenticate(x); err != nil {
		return x.refuse(err)
	}
	var unknown *api.Error
	if x.operation, unknown = wire.OperationOf(x.r.Header, x.r.URL.RawQuery, x.text(), x.dialect); unknown != nil {
		return x.refuse(unknown)
	}
	// A client that hangs up does not undo what it asked for: the commit goes
	// on, and its retry finds it.
	return operations[x.operation](context.WithoutCancel(x.r.Context()), s, x)
}

// readProtocol finds the dialect. M0002: what is neither signed nor JSON gets
// one of two answers in XML, seen on the real host.
func (s *Server) readProtocol(x *exchange) *wire.Reply {
	header := x.r.Header
	marked := header.Get(wire.TargetHeader) != "" || strings.Contains(strings.ToLower(header.Get("Content-Type")), "json")
	if !carriesAuth(x.r) && (!marked || x.r.Method != http.MethodPost) {
		return wire.MissingAuthenticationToken()
	}
	if x.r.Method != http.MethodPost {
		return wire.UnknownProtocol()
	}
	var reply *wire.Reply
	if x.dialect, reply = wire.DialectOf(header, x.call.Market.Profile.RefuseOddContentType); reply != nil {
		return reply
	}
	if n := headerFields(header); n > headersMax {
		return x.refuse(errTooManyHeaders)
	}
	return nil
}

func carriesAuth(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || strings.Contains(r.URL.RawQuery, "X-Amz-Signature=")
}

func headerFields(h http.Header) (n int) {
	for _, values := range h {
		n += len(values)
	}
	return n
}

// limitBody gives the body until the deadline to arrive, which net/http lifts
// at the body's end. It holds for a body that is not read too: before net/http
// sends an answer it looks for that end, and would wait for ever for one that
// does not come. Not every ResponseWriter has deadlines; without one the
// http.Server's holds.
func (s *Server) limitBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.bodyTimeout))
	}
}

// readBody reads less than 1 MB (M0003).
func (s *Server) readBody(x *exchange) *api.Error {
	if x.r.ContentLength >= api.RequestBytesLimit {
		return errTooLarge
	}
	var b bytes.Buffer
	b.Grow(int(max(0, x.r.ContentLength)) + bytes.MinRead) // so that it never grows again
	n, err := b.ReadFrom(io.LimitReader(x.r.Body, api.RequestBytesLimit))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errBodyTimeout
	case err != nil:
		return errBodyCut
	case n >= api.RequestBytesLimit:
		return errTooLarge
	}
	x.body = b.Bytes()
	return nil
}

// text is the body as the decoder reads it: without a copy, because nobody
// writes to a body that has been read.
func (x *exchange) text() string { return unsafe.String(unsafe.SliceData(x.body), len(x.body)) }

func (s *Server) authenticate(x *exchange) *api.Error {
	request := auth.Request{
		HTTP:    x.r,
		Body:    x.body,
		APIKeys: x.dialect == wire.PlainJSON,
		At:      x.call.At,
	}
	if s.ledger.Clock().Steered() {
		request.Machine = time.Now()
	}
	caller, err := s.auth.Authenticate(request, x.call.Market)
	if err != nil {
		return authError(err)
	}
	x.call.Principal, x.call.Region = caller.Principal, caller.CallRegion
	return nil
}

func authError(err error) *api.Error {
	var refusal *auth.Error
	if errors.As(err, &refusal) {
		return &api.Error{Name: api.ExceptionName(refusal.Code), Message: refusal.Message, Status: http.StatusBadRequest}
	}
	return errInternal
}

// exceptionOf turns what the ledger answered into an exception.
func (x *exchange) exceptionOf(err error) *api.Error {
	var refusal *metering.Refusal
	if errors.As(err, &refusal) {
		return refusalError(refusal, x.call.Market.Profile.ExplainRefusals)
	}
	x.fault = err
	return errInternal
}
