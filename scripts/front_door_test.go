package scripts

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store"
)

// frontDoor is a service behind HTTP.
type frontDoor struct {
	*service
	url     string
	client  *http.Client
	handler atomic.Pointer[server.Server]
}

func openFrontDoor(t *testing.T, s store.Store) *frontDoor {
	t.Helper()
	f := &frontDoor{service: openService(t, s)}
	f.handler.Store(server.New(server.Config{Ledger: f.ledger}))
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.handler.Load().ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	f.url, f.client = api.URL, api.Client()
	return f
}

func (f *frontDoor) reset(ctx context.Context, state marketplace.State) error {
	if err := f.setThrottle("off"); err != nil {
		return err
	}
	return f.service.reset(ctx, state)
}

func (f *frontDoor) setThrottle(rate string) error {
	throttle, err := server.ParseThrottle(rate)
	f.handler.Store(server.New(server.Config{Ledger: f.ledger, Throttle: throttle}))
	return err
}

func (f *frontDoor) now() time.Time { return f.ledger.Clock().Now() }
