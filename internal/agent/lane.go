package agent

import (
	"fmt"
	"time"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/sender"
)

// lane is a service with what sends to it.
type lane struct {
	service string
	client  *client.Client
	*sender.Sender
}

// openSender makes the sender of a lane, once there is an outbox.
func (a *Agent) openSender(l *lane) {
	l.Sender = sender.New(sender.Config{
		Outbox: a.outbox, Client: l.client, Service: l.service, Logger: a.logger,
		Now: func() (time.Time, bool) {
			now, known := a.now()
			return now, known && !a.plan.DryRun
		},
		// The records of a product that the plan no longer has go nowhere, and
		// are told of in time.
		Serves:  func(p metering.ProductCode) bool { return a.plan.ServiceOf(p) == l.service },
		Settled: a.settled,
	})
}

// settled tells of verdicts that were stored.
func (a *Agent) settled(accepted int, refused []outbox.Record) {
	a.metrics.verdicts.WithLabelValues(string(metering.Success)).Add(float64(accepted))
	for i := range refused {
		r := &refused[i]
		a.metrics.verdicts.WithLabelValues(string(r.Fate.Cause)).Inc()
		if r.Quantity > 0 { // One of nothing needs nobody.
			a.watch.refused(fmt.Sprintf("record refused: %d of %s for %s, %s: %s (record %s)",
				r.Quantity, r.Key.Dimension, r.Key.Customer, r.ID.Hour.Start().Format("2006-01-02T15:04Z"), r.Fate.Cause, r.ID))
		}
	}
}

func (l *lane) status() ServiceStatus {
	s := ServiceStatus{Name: l.service, Endpoint: l.client.Endpoint(), Resting: []Resting{}}
	for _, t := range l.Troubles() {
		s.Resting = append(s.Resting, Resting{t.Product, max(0, time.Until(t.Until).Seconds()), t.Err.Error()})
	}
	return s
}
