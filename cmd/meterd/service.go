package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
	"github.com/meterd/meterd/internal/store/pebblestore"
	"github.com/meterd/meterd/internal/store/pgstore"
)

// service is the rooms of a running meterd, put together.
type service struct {
	logger *slog.Logger
	store  store.Store
	ledger *ledger.Ledger
	source marketSource
	api    *server.Server
	admin  *admin.Admin
	// following ends the watch over what other services do to the marketplace;
	// nil where the store is this one's alone.
	following func()
	// printed are the registration tokens that dev has printed.
	printed []marketplace.Token
}

// openService puts a service together and brings its marketplace up to the
// source. The caller closes it.
func openService(ctx context.Context, o *options, source marketSource, logger *slog.Logger) (*service, error) {
	metrics := newMetrics()
	s := &service{logger: logger, source: source}
	var err error
	if s.store, err = openStore(ctx, o.place, logger, metrics); err != nil {
		return nil, err
	}
	if s.ledger, err = ledger.Open(ctx, ledger.Config{Store: s.store, Clock: startClock(o), Logger: logger}); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	metrics.watch(s.ledger)
	applied, err := source.apply(ctx, s.ledger)
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	logger.Info("marketplace ready", "source", source.name, "created", applied.Created, "changed", applied.Changed)
	s.api = server.New(server.Config{Ledger: s.ledger, Logger: logger, Metrics: metrics.registry, Throttle: o.parsedThrottle, CORS: o.cors})
	s.admin = admin.New(admin.Config{
		Ledger: s.ledger, Logger: logger, Metrics: metrics.registry,
		Token: o.adminToken, AllowReset: o.allowReset, Start: s.startState(), Override: source.override, Pprof: o.pprof,
		Scratch: scratchDir(o.data), Version: readVersion().Version,
	})
	s.follow()
	return s, nil
}

// follow begins to watch what other services do to the marketplace, if they share
// the store.
func (s *service) follow() {
	shared, ok := s.store.(store.Shared)
	if !ok {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ledger.Follow(ctx, shared)
	}()
	s.following = func() {
		stop()
		<-done
	}
}

// startState is what a reset begins with; nil without a source. Tokens that
// were printed are minted again, because they stay on the screen.
func (s *service) startState() func() (marketplace.State, error) {
	if s.source.load == nil {
		return nil
	}
	return func() (marketplace.State, error) {
		now := s.ledger.Clock().Now()
		state, err := s.source.read(now)
		if err != nil {
			return state, err
		}
		return withTokens(state, s.printed, now)
	}
}

// withTokens adds tokens that are minted now, for the licences that there are.
func withTokens(state marketplace.State, tokens []marketplace.Token, now time.Time) (marketplace.State, error) {
	market, err := marketplace.NewMarket(state)
	if err != nil {
		return state, err
	}
	for _, token := range tokens {
		if market.License(token.LicenseArn) != nil {
			token.Minted = now
			state.Tokens = append(state.Tokens, token)
		}
	}
	return state, nil
}

func startClock(o *options) *clock.Clock {
	c := new(clock.Clock)
	if !o.parsedClock.IsZero() {
		c.Set(o.parsedClock)
	}
	return c
}

// ledgerDir is the store's part of a data directory.
func ledgerDir(data string) string { return filepath.Join(data, "ledger") }

// restoringDir is where a data directory has a ledger that is being restored.
func restoringDir(data string) string { return filepath.Join(data, "ledger.restoring") }

// scratchDir is where a data directory has the copy of a backup that is under
// way. A ledger that is in no directory has none.
func scratchDir(data string) string {
	if data == "" {
		return ""
	}
	return filepath.Join(data, "backup-under-way")
}

// place is where a ledger is kept: in a directory, in a database, or, if it names
// neither, in memory.
type place struct {
	data string
	// database is the URL of a PostgreSQL database.
	database string
	// existing says that no ledger is to be made where none is.
	existing bool
}

// openStore opens the store in a place.
func openStore(ctx context.Context, at place, logger *slog.Logger, m *metrics) (store.Store, error) {
	switch {
	case at.database != "":
		return pgstore.Open(ctx, at.database, pgstore.Config{Logger: logger, OnGroup: m.committed, MustExist: at.existing})
	case at.data == "":
		return memstore.New(), nil
	}
	data := at.data
	if _, err := os.Stat(ledgerDir(data)); at.existing && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no ledger", data)
	}
	if _, err := os.Stat(restoringDir(data)); err == nil {
		return nil, fmt.Errorf("a restore into %s was broken off or is still running; remove %s and restore again", data, restoringDir(data))
	}
	if err := checkOwnDir(data); err != nil {
		return nil, err
	}
	if err := makeDataDir(data); err != nil {
		return nil, err
	}
	s, err := pebblestore.Open(ledgerDir(data), pebblestore.Config{Logger: logger, OnGroup: m.committed})
	if errors.Is(err, pebblestore.ErrLocked) {
		// What the system says of the lock adds nothing to that.
		return nil, &dataInUse{data}
	}
	if err != nil {
		return nil, err
	}
	// What a killed process has left of a backup holds the disk's space.
	if err := os.RemoveAll(scratchDir(data)); err != nil {
		return nil, errors.Join(fmt.Errorf("removing what is left of a backup: %w", err), s.Close())
	}
	return s, nil
}

// dataInUse says that a data directory is open elsewhere.
type dataInUse struct{ data string }

func (d *dataInUse) Error() string {
	return fmt.Sprintf("another meterd uses the data directory %s; stop that one, or name another directory with --data", d.data)
}

// checkOwnDir refuses to make a ledger inside a database: inside DIR/ledger, where
// DIR is meant, a second ledger would take usage that belongs into the first.
func checkOwnDir(data string) error {
	if _, err := os.Stat(ledgerDir(data)); err == nil {
		return nil
	}
	if files, _ := filepath.Glob(filepath.Join(data, "OPTIONS-*")); len(files) == 0 {
		return nil
	}
	return fmt.Errorf("%s is itself a database: an agent's outbox, or the ledger of the data directory %s; name a data directory, or a new one, with --data", data, filepath.Dir(data))
}

func makeDataDir(data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	return nil
}

func (s *service) close() error {
	if s.following != nil {
		s.following()
	}
	return s.store.Close()
}

// together serves the API and the admin surface on one port. A ServeMux would
// redirect some paths, which no client of the API survives.
func (s *service) together() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if admin.Owns(r.URL.Path) {
			s.admin.ServeHTTP(w, r)
			return
		}
		s.api.ServeHTTP(w, r)
	})
}
