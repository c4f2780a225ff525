package agent

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
	"github.com/meterd/meterd/internal/sender"
)

// lane is the way to one service. Services do not wait for one another.
type lane struct {
	service  string
	endpoint string
	*sender.Sender
}

// openLanes makes the clients of all services and a sender for each.
func (a *Agent) openLanes(ctx context.Context, cfg *Config) error {
	for i := range cfg.Plan.Services {
		s := &cfg.Plan.Services[i]
		c, err := newClient(ctx, s, cfg)
		if err != nil {
			return fmt.Errorf("service %s: %w", s.Name, err)
		}
		a.lanes = append(a.lanes, lane{s.Name, c.Endpoint(), sender.New(sender.Config{
			Outbox: a.outbox, Client: c, Service: s.Name, Now: a.now, Logger: a.logger, Settled: a.settled,
			// Records of a product that the plan no longer has go nowhere, and
			// are told of before their deadline.
			Serves: func(product metering.ProductCode) bool { return a.plan.ServiceOf(product) == s.Name },
		})})
	}
	return nil
}

func newClient(ctx context.Context, s *plan.Service, cfg *Config) (*client.Client, error) {
	calls := client.Config{
		Endpoint: s.Endpoint, Region: s.Region, Profile: s.Profile, APIKey: s.APIKey, Rate: rate.Limit(s.Rate),
		HTTPClient: cfg.HTTPClient,
	}
	if cfg.Credentials != nil && s.APIKey == "" {
		calls.Credentials = cfg.Credentials(s)
	}
	return client.New(ctx, calls)
}

// settled counts verdicts that were stored, and tells of those that need a
// person: a record of nothing does not.
func (a *Agent) settled(accepted int, refused []outbox.Record) {
	a.metrics.verdicts.WithLabelValues(string(metering.Success)).Add(float64(accepted))
	for i := range refused {
		r := &refused[i]
		a.metrics.verdicts.WithLabelValues(string(r.Fate.Cause)).Inc()
		if r.Quantity > 0 {
			a.watch.refused(fmt.Sprintf("record refused: %d of %s for %s, %s: %s (record %s)",
				r.Quantity, r.Key.Dimension, r.Key.Customer, r.ID.Hour.Start().Format("2006-01-02T15:04Z"), r.Fate.Cause, r.ID))
		}
	}
}
