package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// Config is what an agent needs. Plan is required.
type Config struct {
	Plan *plan.Plan
	// ClockToken opens the admin surface that Plan.Clock names, or that of a
	// service in a sandbox.
	ClockToken string
	// Credentials sign for a service; nil, or a nil provider: the official
	// chain's do.
	Credentials func(*plan.Service) aws.CredentialsProvider
	// HTTPClient calls the services and asks for their clock; nil: clients
	// made for that do.
	HTTPClient *http.Client
	// Logger is told what the agent does; nil: nobody is.
	Logger *slog.Logger
	// Metrics collects the agent's metrics, which its API exports; nil: a new
	// registry does.
	Metrics *prometheus.Registry
	// Outbox adjusts the outbox; its Terms are the plan's.
	Outbox outbox.Config
}

// Open opens the outbox in the plan's directory and makes the clients. It calls
// nobody. The caller runs the agent, and closes it in the end.
func Open(ctx context.Context, cfg Config) (*Agent, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = prometheus.NewRegistry()
	}
	a := &Agent{plan: cfg.Plan, logger: cfg.Logger, clock: new(clock.Clock)}
	for i := range cfg.Plan.Services {
		l, err := a.openLane(ctx, &cfg.Plan.Services[i], &cfg)
		if err != nil {
			return nil, err
		}
		a.lanes = append(a.lanes, l)
	}
	a.follower = newFollower(cfg, a.clock)
	cfg.Outbox.Terms, cfg.Outbox.Logger = cfg.Plan.Terms, cfg.Logger
	var err error
	if a.outbox, err = outbox.Open(cfg.Plan.Data, cfg.Outbox); err != nil {
		return nil, fmt.Errorf("opening the agent's outbox: %w", err)
	}
	a.watch = newWatch(a, cfg.Plan.Alerts.Webhook)
	a.metrics = newMetrics(a, cfg.Metrics)
	a.handler = a.routes(cfg.Metrics)
	return a, nil
}

// openLane makes the client of a service.
func (a *Agent) openLane(ctx context.Context, s *plan.Service, cfg *Config) (*lane, error) {
	calls := client.Config{
		Endpoint: s.Endpoint, Region: s.Region, Profile: s.Profile, APIKey: s.APIKey, Rate: rate.Limit(s.Rate),
		HTTPClient: cfg.HTTPClient,
	}
	if cfg.Credentials != nil && s.APIKey == "" {
		calls.Credentials = cfg.Credentials(s)
	}
	c, err := client.New(ctx, calls)
	if err != nil {
		return nil, fmt.Errorf("service %s: %w", s.Name, err)
	}
	return newLane(a, s.Name, c), nil
}
