package agent

import (
	"net/http"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Status is how an agent is.
type Status struct {
	// Now is the agent's time; ClockSteered says that it is a sandbox's.
	Now          time.Time `json:"now"`
	ClockSteered bool      `json:"clockSteered"`
	DryRun       bool      `json:"dryRun"`
	// Pending and DeadLetters are numbers of records.
	Pending     int64 `json:"pending"`
	DeadLetters int64 `json:"deadLetters"`
	// NextDeadline is the nearest of a pending record, OldestPending when its
	// usage was.
	NextDeadline  *time.Time `json:"nextDeadline,omitempty"`
	OldestPending *time.Time `json:"oldestPending,omitempty"`
	Keys          int        `json:"keys"`
	OpenHours     int        `json:"openHours"`
	// Totals are those of all keys together, whatever their units.
	Totals    Totals          `json:"totals"`
	DiskBytes uint64          `json:"diskBytes"`
	Services  []ServiceStatus `json:"services"`
	// Trouble is what keeps the agent from working, if something does.
	Trouble string `json:"trouble,omitempty"`
}

// ServiceStatus is how sending to a service goes.
type ServiceStatus struct {
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
	// Resting are products whose last call failed.
	Resting []Resting `json:"resting"`
}

// Resting is a product that pauses after a failure.
type Resting struct {
	Product metering.ProductCode `json:"product"`
	Seconds float64              `json:"seconds"`
	Error   string               `json:"error"`
}

func (a *Agent) status(r *http.Request) (any, error) {
	stats, err := a.outbox.Stats(r.Context())
	if err != nil {
		return nil, err
	}
	s := Status{
		Now: a.clock.Now(), ClockSteered: a.clock.Steered(), DryRun: a.plan.DryRun,
		Pending: stats.Pending, DeadLetters: stats.Dead,
		NextDeadline: known(stats.NextDeadline), OldestPending: known(stats.OldestPending),
		Keys: stats.Keys, OpenHours: stats.OpenHours, Totals: Totals(stats.Totals), DiskBytes: stats.DiskBytes,
		Services: []ServiceStatus{},
	}
	for _, l := range a.lanes {
		s.Services = append(s.Services, l.status())
	}
	if err := a.unready(stats.Stopped, stats.NoRoom); err != nil {
		s.Trouble = err.Error()
	}
	return s, nil
}

func (l *lane) status() ServiceStatus {
	s := ServiceStatus{Name: l.service, Endpoint: l.endpoint, Resting: []Resting{}}
	for _, trouble := range l.Troubles() {
		s.Resting = append(s.Resting, Resting{trouble.Product, max(0, time.Until(trouble.Until).Seconds()), trouble.Err.Error()})
	}
	return s
}

// health asks for a restart when the disk has refused a write: opening again is
// what mends that.
func (a *Agent) health(r *http.Request) (any, error) {
	stats, err := a.outbox.Stats(r.Context())
	if err == nil {
		err = stats.Stopped
	}
	if err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "%v", err)
	}
	return map[string]string{"status": "alive"}, nil
}

// ready says whether events can be accepted.
func (a *Agent) ready(r *http.Request) (any, error) {
	stats, err := a.outbox.Stats(r.Context())
	if err == nil {
		err = a.unready(stats.Stopped, stats.NoRoom)
	}
	if err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "%v", err)
	}
	return map[string]string{"status": "ready"}, nil
}

// unready is the first reason why the agent cannot do its work.
func (a *Agent) unready(reasons ...error) error {
	for _, err := range reasons {
		if err != nil {
			return err
		}
	}
	if !a.follower.known() {
		return errNoTime
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.trouble
}
