// Package server is the front door of the service: it takes HTTP requests
// through a ladder of checks to one of four operations, and answers in the
// caller's dialect.
//
// The order of the ladder is part of the protocol (ladder.go). Each operation
// has a file of its own that maps words to a call of the ledger and back. The
// room holds no rule: what is refused was refused by wire, auth or the ledger,
// and one table says which exception that is (refusal.go).
package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/auth"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/wire"
)

// Config is what a server needs. Only Ledger is required.
type Config struct {
	Ledger *ledger.Ledger
	// Logger gets a line per request; nil: none is written.
	Logger *slog.Logger
	// Metrics is where the server's metrics are registered; nil: nowhere.
	Metrics prometheus.Registerer
	// Throttle limits the rate of calls; the zero value does not.
	Throttle Throttle
	// CORS lists the origins whose pages may call; "*" is any. Empty: no
	// answer has a CORS header, as on the real service.
	CORS []string
	// BodyTimeout is how long a body may take to arrive; 0: bodyTimeout.
	BodyTimeout time.Duration
	// RequestsMax is how many requests may be under way; 0: requestsMax.
	RequestsMax int
}

// Server is the http.Handler of the service.
type Server struct {
	ledger      *ledger.Ledger
	logger      *slog.Logger
	metrics     *metrics
	auth        *auth.Authenticator
	throttle    *throttle
	cors        cors
	bodyTimeout time.Duration
	slots       chan struct{}
}

// New makes a server.
func New(cfg Config) *Server {
	s := &Server{
		ledger:      cfg.Ledger,
		logger:      cfg.Logger,
		metrics:     newMetrics(cfg.Metrics),
		auth:        &auth.Authenticator{SigningName: api.SigningName},
		throttle:    newThrottle(cfg.Throttle),
		cors:        cfg.CORS,
		bodyTimeout: cfg.BodyTimeout,
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.bodyTimeout == 0 {
		s.bodyTimeout = bodyTimeout
	}
	if cfg.RequestsMax == 0 {
		cfg.RequestsMax = requestsMax
	}
	s.slots = make(chan struct{}, cfg.RequestsMax)
	return s
}

// ServeHTTP answers one request. M0006: whatever the path, it is a call. Clients
// send //, /base/path and more, and no client survives a redirect.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.limitBody(w, r)
	s.cors.allow(w.Header(), r)
	if s.cors.preflight(w, r) {
		return
	}
	x := s.newExchange(w, r)
	defer s.finish(x)
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
		x.reply = s.answer(x)
	default:
		x.dialect, _ = wire.DialectOf(r.Header, false)
		x.reply = x.refuse(errBusy)
	}
}
