package scripts

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
	"github.com/meterd/meterd/internal/store/pebblestore"
	"github.com/meterd/meterd/internal/store/pgstore"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// mount is one way to the service. A refusal is an *api.Error; any other error
// is a mistake of the mount.
type mount interface {
	batchMeterUsage(context.Context, caller, *api.BatchMeterUsageRequest) (*api.BatchMeterUsageResult, error)
	meterUsage(context.Context, caller, *api.MeterUsageRequest) (*api.MeterUsageResult, error)
	registerUsage(context.Context, caller, *api.RegisterUsageRequest) (*api.RegisterUsageResult, error)
	resolveCustomer(context.Context, caller, *api.ResolveCustomerRequest) (*api.ResolveCustomerResult, error)

	// reset empties the books and applies a marketplace, apply changes it.
	reset(context.Context, marketplace.State) error
	apply(context.Context, marketplace.State) error
	setClock(time.Time)
	// setFaults replaces the parties whose usage meets a fault.
	setFaults(ctx context.Context, parties []string) error
	setThrottle(rate string) error
	records(context.Context) ([]ledger.Record, error)
}

// caller is who calls, and which Region's endpoint.
type caller struct {
	marketplace.Principal
	region metering.Region
}

// mountKind is a mount to be opened.
type mountKind struct {
	// name has two parts, so that "http" stands for several.
	name string
	open func(*testing.T) mount
}

var mounts = []mountKind{
	{"ledger/mem", func(t *testing.T) mount { return openLedger(t, memstore.New()) }},
	{"ledger/pebble", func(t *testing.T) mount { return openLedger(t, openPebble(t)) }},
	{"ledger/pg", func(t *testing.T) mount { return openLedger(t, openPostgres(t)) }},
	{"http/own", func(t *testing.T) mount { return openHTTP(t, memstore.New(), awsJSON) }},
	{"http/plain", func(t *testing.T) mount { return openHTTP(t, memstore.New(), plainJSON) }},
	{"http/pg", func(t *testing.T) mount { return openHTTP(t, openPostgres(t), awsJSON) }},
	{"http/sdk", func(t *testing.T) mount { return openSDK(t) }},
}

// within reports whether a name stands for the mount.
func (m mountKind) within(name string) bool {
	return m.name == name || strings.HasPrefix(m.name, name+"/")
}

func openPebble(t *testing.T) store.Store {
	s, err := pebblestore.Open(t.TempDir(), pebblestore.Config{MemTableBytes: 1 << 20, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openPostgres(t *testing.T) store.Store {
	s, err := pgstore.Open(t.Context(), pgtest.Database(t), pgstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// service is what stands behind every mount: a ledger whose clock is steered
// and whose store can be made to fail.
type service struct {
	ledger *ledger.Ledger
	store  *faultyStore
}

func openService(t *testing.T, s store.Store) *service {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c := new(clock.Clock)
	c.Freeze()
	faulty := &faultyStore{Store: s}
	l, err := ledger.Open(t.Context(), ledger.Config{Store: faulty, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	return &service{ledger: l, store: faulty}
}

func (s *service) reset(ctx context.Context, state marketplace.State) error {
	s.store.faulted = nil
	return s.ledger.Reset(ctx, state)
}

func (s *service) apply(ctx context.Context, state marketplace.State) error {
	_, err := s.ledger.Apply(ctx, state)
	return err
}

func (s *service) setClock(t time.Time) { s.ledger.Clock().Set(t) }

func (s *service) setFaults(ctx context.Context, parties []string) error {
	return s.store.setFaults(ctx, parties)
}

func (s *service) records(ctx context.Context) (list []ledger.Record, err error) {
	for r, err := range s.ledger.Records(ctx, ledger.RecordFilter{}) {
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}
