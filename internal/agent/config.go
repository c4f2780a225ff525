package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"

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
	a.follower = newFollower(cfg, a.clock)
	cfg.Outbox.Terms, cfg.Outbox.Logger = cfg.Plan.Terms, cfg.Logger
	var err error
	if a.outbox, err = outbox.Open(cfg.Plan.Data, cfg.Outbox); err != nil {
		return nil, fmt.Errorf("opening the agent's outbox: %w", err)
	}
	if err := a.openLanes(ctx, &cfg); err != nil {
		return nil, errors.Join(err, a.outbox.Close())
	}
	a.watch = newWatch(a, cfg.Plan.Alerts.Webhook)
	a.metrics = newMetrics(a, cfg.Metrics)
	a.handler = a.routes(cfg.Metrics)
	return a, nil
}
