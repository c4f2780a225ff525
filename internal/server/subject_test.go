package server

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

// subject is a server under test and what it stands on.
type subject struct {
	*Server
	ledger  *ledger.Ledger
	store   store.Store
	clock   *clock.Clock
	metrics *prometheus.Registry
	// log and metrics are complete for a request that was asked with do, and
	// may lag behind the answer to one that came over the wire.
	log bytes.Buffer
}

func open(tb testing.TB, state marketplace.State, change ...func(*Config)) *subject {
	tb.Helper()
	return openOver(tb, memstore.New(), state, change...)
}

// openOver makes a server over a store. The clock is frozen at now.
func openOver(tb testing.TB, over store.Store, state marketplace.State, change ...func(*Config)) *subject {
	tb.Helper()
	s := &subject{store: over, clock: new(clock.Clock), metrics: prometheus.NewRegistry()}
	s.clock.Freeze()
	s.clock.Set(now)
	var err error
	if s.ledger, err = ledger.Open(tb.Context(), ledger.Config{Store: over, Clock: s.clock}); err != nil {
		tb.Fatal(err)
	}
	if _, err := s.ledger.Apply(tb.Context(), state); err != nil {
		tb.Fatal(err)
	}
	cfg := Config{Ledger: s.ledger, Metrics: s.metrics, Logger: slog.New(slog.NewTextHandler(&s.log, nil))}
	for _, f := range change {
		f(&cfg)
	}
	s.Server = New(cfg)
	return s
}

// listen serves a handler on a port, with the limits that cmd/meterd sets.
func listen(tb testing.TB, h http.Handler) endpoint {
	tb.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ReadHeaderTimeout = 10 * time.Second
	server.Config.MaxHeaderBytes = 512 << 10
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	tb.Cleanup(server.Close)
	return endpoint{server.Listener.Addr().String()}
}

// entries reads the audit trail.
func (s *subject) entries(t *testing.T) (list []*audit.Entry) {
	t.Helper()
	for call, err := range s.store.ScanCalls(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		entry, err := s.ledger.Entry(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry)
	}
	return list
}

// records reads the accepted usage.
func (s *subject) records(t *testing.T) (list []ledger.Record) {
	t.Helper()
	for record, err := range s.ledger.Records(t.Context(), ledger.RecordFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, record)
	}
	return list
}
