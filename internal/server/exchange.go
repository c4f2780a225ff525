package server

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/wire"
)

func init() { uuid.EnableRandPool() }

// exchange is one request on its way to its reply.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	start time.Time

	dialect   wire.Dialect
	body      []byte
	operation api.Operation
	call      ledger.Call
	scratch   *scratch

	reply *wire.Reply
	// refused is the exception that the reply carries, if it carries one.
	refused api.ExceptionName
	// fault is what went wrong on our side, if anything did.
	fault error
}

func (s *Server) newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{w: w, r: r, start: time.Now(), call: s.ledger.Begin(), scratch: scratches.Get().(*scratch)}
	x.call.RequestID = uuid.NewString()
	x.call.UserAgent = r.UserAgent()
	x.call.SourceIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	s.metrics.inFlight.Inc()
	return x
}

// refuse makes the reply that refuses the call.
func (x *exchange) refuse(e *api.Error) *wire.Reply {
	x.refused = e.Name
	return wire.ErrorReply(e, x.dialect)
}

// finish sends the reply, counts and logs. A panic is a mistake of ours that
// must not look like a cut connection: the caller is told, and the log.
func (s *Server) finish(x *exchange) {
	defer x.scratch.release()
	if p := recover(); p != nil {
		x.fault = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		x.reply = x.refuse(errInternal)
	}
	if err := x.reply.Send(x.w, x.call.RequestID); err != nil && x.fault == nil {
		x.fault = err
	}
	took := time.Since(x.start)
	s.metrics.answered(x, took)
	s.log(x, took)
}

func (s *Server) log(x *exchange, took time.Duration) {
	level := slog.LevelInfo
	if x.fault != nil {
		level = slog.LevelError
	}
	ctx := x.r.Context()
	if !s.logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", string(x.operation)),
		slog.Int("status", x.reply.Status),
		slog.String("request", x.call.RequestID),
		slog.Duration("took", took),
		slog.String("from", x.call.SourceIP),
	}
	if x.refused != "" {
		attrs = append(attrs, slog.String("refused", string(x.refused)))
	}
	if x.call.Principal.Credential != nil {
		attrs = append(attrs, slog.String("account", string(x.call.Principal.Account)), slog.String("region", string(x.call.Region)))
	}
	if x.fault != nil {
		attrs = append(attrs, slog.Any("fault", x.fault))
	}
	s.logger.LogAttrs(ctx, level, "request", attrs...)
}
